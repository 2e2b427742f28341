// Package embedded watches the programs that guichet brings along and runs as its own children: a
// private PostgreSQL (package pg) and an embedding server (package e5).
//
// A Child is started on a thread that lives as long as it does, asks the kernel to end it with
// guichet even where guichet is killed outright (Linux), is started again when it dies, and is given
// up after three deaths within a minute.
package embedded

// UnavailableError says why a program that guichet brings along cannot run here, and what follows
// from that, in one sentence for the person who started guichet.
type UnavailableError struct {
	Sentence string
	Err      error // the cause; nil where the sentence says it all
}

// Error returns the sentence.
func (e *UnavailableError) Error() string { return e.Sentence }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

// State is what a child is doing.
type State string

// The states of a child.
const (
	Starting   State = "starting"   // its process is not yet ready to work
	Ready      State = "ready"      // it works
	Restarting State = "restarting" // it died and will be started again
	GivenUp    State = "given_up"   // it died too often, or could not be started at all
	Stopped    State = "stopped"    // Stop was called
)
