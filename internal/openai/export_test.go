package openai

// Queued is how many texts wait for a call.
func (l *Line) Queued() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// Waiting is how many texts wait for an answer.
func (l *Line) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

// MaxQueue is how many texts may wait.
const MaxQueue = maxQueue
