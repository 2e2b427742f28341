package assistant

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Asked is how a question stands in its conversation.
type Asked struct {
	Epoch int
	Given support.Entry // the answer that it got; its Seq is zero if it got none yet
	// Waiting are the messages at the thread's end that one answer is due to, oldest first, this one
	// among them. None where it has no client id, or where something came after it: then it is
	// answered by itself.
	Waiting []support.Entry
	Since   time.Time // messages of before wait no more
}

// last reports whether no other message came after the one with the client id.
func (a Asked) last(clientID string) bool {
	return len(a.Waiting) == 0 || a.Waiting[len(a.Waiting)-1].ClientID == clientID
}

// Several quick messages are answered once. A message waits for its answer no longer than the request
// that brought it lives, so later ones need not look further back.
const (
	joinWithin  = 20 * time.Second
	joinPoll    = 200 * time.Millisecond // between looks for the answer to a later message
	maxSettles  = 4                      // times Settle, after the first message, that more are waited for
	leaveBudget = 2 * time.Second
	// A message of so many words that ends in no mark may go on in the next one.
	shortWords = 3
	shortRunes = 6 // of Chinese
)

// errJoined stops the work on a question that is answered together with a later one.
var errJoined = errors.New("answered together with a later message")

// AskIn answers a question in a conversation; question and answer become its entries. Asked again
// under the same client id it is answered with the same answer. Messages that come while those before
// them wait for their answer get one answer, all of them: the request of the last one makes it, those
// of the others wait for it. While a person has the conversation the assistant answers nothing there:
// Conflict. An answer that comes after somebody took over is thrown away: Conflict too.
//
// Who waits for whom is told by the rows alone, read under the conversation's lock; what this process
// remembers only saves work. A request that ends for whatever reason leaves nothing undone: the next
// one that brings a message of the same client id, or a later one, takes it up.
func (s *Service) AskIn(ctx context.Context, id support.ConversationID, clientID string, q Question, emit func(Event)) (a Answer, err error) {
	defer problem.Wrap(&err, "assistant.AskIn(%s)", id)
	if emit == nil {
		emit = func(Event) {}
	}
	text, err := support.CheckText("text", q.Text, kb.MaxQuestion)
	if err != nil {
		return a, err
	}
	if err := support.CheckClientID(clientID); err != nil {
		return a, err
	}
	if q.about, err = s.subject(ctx, q); err != nil {
		return a, err
	}
	q.Text, q.conversation = text, id
	now := s.c.Now()
	asked, err := s.c.Threads.AppendQuestion(ctx, id, clientID, text, now, now.Add(-joinWithin))
	if err != nil {
		return a, err
	}
	if asked.Given.Seq > 0 {
		return s.given(ctx, asked.Given, q)
	}
	r, end := s.running.begin(id, asked.seq(clientID))
	defer end()
	defer func() {
		if errors.Is(ctx.Err(), context.Canceled) { // the member left
			s.leave(ctx, id, clientID)
		}
	}()
	if err := s.settle(ctx, r, asked, q); err != nil {
		return a, err
	}
	return s.askIn(ctx, r, id, clientID, q, now.Add(-joinWithin), emit)
}

// askIn answers all that waits with the message of clientID, or waits until somebody has.
func (s *Service) askIn(ctx context.Context, r *run, id support.ConversationID, clientID string, q Question, since time.Time, emit func(Event)) (a Answer, err error) {
	told := ""
	for {
		if now := s.c.Now().Add(-joinWithin); now.After(since) {
			since = now
		}
		asked, err := s.c.Threads.Asked(ctx, id, clientID, since)
		switch {
		case err != nil:
			return a, err
		case asked.Given.Seq > 0:
			if later := asked.Given.ClientID; told == "" && later != clientID {
				emit(Event{Joined: later})
			}
			return s.given(ctx, asked.Given, q)
		case !asked.last(clientID):
			if later := asked.Waiting[len(asked.Waiting)-1].ClientID; later != told {
				told = later
				emit(Event{Joined: later})
			}
			if err := s.c.Wait(ctx, joinPoll); err != nil {
				if errors.Is(err, context.DeadlineExceeded) {
					err = problem.From(problem.Unavailable, "", err) // sent again, it is taken up again
				}
				return a, err
			}
			continue
		}
		a, done, err := s.answerAll(ctx, r, id, clientID, asked, q, emit)
		if err != nil || done {
			return a, err
		}
	}
}

// answerAll makes the answer to all that waits; done is false where another message came meanwhile.
func (s *Service) answerAll(ctx context.Context, r *run, id support.ConversationID, clientID string, asked Asked, q Question, emit func(Event)) (a Answer, done bool, err error) {
	if q.Place != nil {
		leave, err := q.Place(ctx)
		if err != nil {
			return a, false, err
		}
		defer leave()
	}
	if texts := bodies(asked.Waiting); len(texts) > 1 {
		q.Text = joint(texts)
	}
	work, stop := r.work(ctx)
	defer stop()
	if a, err = s.reply(work, id, clientID, q, emit); err != nil {
		if ctx.Err() == nil && errors.Is(context.Cause(work), errJoined) {
			return a, false, nil
		}
		return a, false, err
	}
	for _, e := range asked.Waiting {
		if e.ClientID != clientID {
			a.Joined = append(a.Joined, e.ClientID)
		}
	}
	e, err := a.Entry()
	if err != nil {
		return a, false, err
	}
	e.ClientID = clientID
	given, err := s.c.Threads.AppendAnswer(ctx, id, asked, e)
	if err != nil || given.Seq == 0 {
		return a, false, err
	}
	var d support.AnswerData
	if err := json.Unmarshal(given.Data, &d); err != nil || d.Answer == a.ID {
		return a, true, err
	}
	a, err = s.given(ctx, given, q) // the same question, asked at the same time, was quicker
	return a, true, err
}

// settle waits a moment where a message may go on in the next one, so that the two are answered once.
func (s *Service) settle(ctx context.Context, r *run, asked Asked, q Question) error {
	if s.c.Settle <= 0 || len(asked.Waiting) == 0 || !mayGoOn(q.Text, q.Lang) ||
		s.c.Now().Sub(asked.Waiting[0].CreatedAt) > maxSettles*s.c.Settle {
		return nil
	}
	work, stop := r.work(ctx)
	defer stop()
	if err := s.c.Wait(work, s.c.Settle); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

// mayGoOn reports whether a message looks like the beginning of several: a greeting, or a few words
// that end in no mark.
func mayGoOn(text string, lang kb.Lang) bool {
	switch kb.DetectIntent(text, lang) {
	case kb.GreetsAlone:
		return true
	case kb.NoIntent:
	default:
		return false
	}
	if last, _ := utf8.DecodeLastRuneInString(text); strings.ContainsRune(".!?…。！？", last) {
		return false
	}
	lang, _ = kb.DetectLang(text, lang)
	if lang == kb.Chinese {
		return utf8.RuneCountInString(text) <= shortRunes
	}
	return len(strings.Fields(text)) <= shortWords
}

func bodies(entries []support.Entry) (out []string) {
	for _, e := range entries {
		out = append(out, e.Body)
	}
	return out
}

// joint makes one question of messages that are answered together: without those that only greet or
// thank, and no longer than a question may be, the last words first.
func joint(texts []string) string {
	var asks []string
	for _, t := range texts {
		switch kb.DetectIntent(t, "") {
		case kb.GreetsAlone, kb.ThanksAlone, kb.TakesLeave:
		default:
			asks = append(asks, t)
		}
	}
	if len(asks) == 0 {
		asks = texts
	}
	out, length := []string{}, 0
	for _, t := range slices.Backward(asks) {
		if length += utf8.RuneCountInString(t) + 1; length > kb.MaxQuestion && len(out) > 0 {
			break
		}
		out = append(out, t)
	}
	slices.Reverse(out)
	return strings.Join(out, " ")
}

// leave notes that nobody waits for the answer to a message.
func (s *Service) leave(ctx context.Context, id support.ConversationID, clientID string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveBudget)
	defer cancel()
	if err := s.c.Threads.LeaveQuestion(ctx, id, clientID); err != nil && s.c.Log != nil {
		s.c.Log.Warn("a question that was left is not marked so", "conversation", id, "error", err)
	}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// seq is the number of the entry with the client id among those that wait; 0 for none.
func (a Asked) seq(clientID string) int64 {
	for _, e := range a.Waiting {
		if e.ClientID == clientID {
			return e.Seq
		}
	}
	return 0
}

// running are the questions of conversations that this process works on.
type running struct {
	mu  sync.Mutex
	all map[support.ConversationID][]*run
}

// run is the work on one question.
type run struct {
	seq  int64 // of its message; 0 where it has none that others could join
	mu   sync.Mutex
	stop context.CancelCauseFunc // of what is being done; nil for nothing
}

// begin takes up a question, and interrupts the work on those before it in the conversation; end drops
// it.
func (w *running) begin(id support.ConversationID, seq int64) (r *run, end func()) {
	r = &run{seq: seq}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[support.ConversationID][]*run{}
	}
	for _, other := range w.all[id] {
		if other.seq > 0 && other.seq < seq {
			other.interrupt()
		}
	}
	w.all[id] = append(w.all[id], r)
	return r, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.all[id] = slices.DeleteFunc(w.all[id], func(o *run) bool { return o == r }); len(w.all[id]) == 0 {
			delete(w.all, id)
		}
	}
}

func (r *run) interrupt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop != nil {
		r.stop(errJoined)
	}
}

// work is ctx, which ends with errJoined if a later message comes.
func (r *run) work(ctx context.Context) (_ context.Context, end func()) {
	ctx, stop := context.WithCancelCause(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop = stop
	return ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.stop = nil
		stop(nil)
	}
}
