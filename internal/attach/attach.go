// Package attach takes the files that members and agents send with what they write, and gives them to
// those who may read them. A file passes through in pieces and is never whole in memory; what it is
// says its content, not its name; pictures are made anew.
//
// A file is taken first and sent afterwards: it waits, for at most a day, until a message names it
// (handoff and desk do that, in the transaction that writes the message).
package attach

import (
	"context"
	"io"
	"log/slog"
	"time"

	"golang.org/x/sync/semaphore"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// Upload is a file that comes.
type Upload struct {
	Conversation support.ConversationID
	Author       support.Author // member or agent
	Owner        string         // the known member whose budget it counts in; "" for others
	ClientID     string         // the same file again has the same one
	Name         string
	Size         int64 // announced; negative where nobody said
}

// Place is a file that was let in.
type Place struct {
	support.Attachment
	// New is false where the file was taken before: there is nothing to receive.
	New bool
}

// Tx is what finishing a file does to the tables; all of it commits together, or none.
type Tx interface {
	// Finish notes what a receiving attachment has become, if it still receives into the blob from, and
	// drops that blob where a has another; NotFound if it does not. Conflict where the budget of its conversation or owner does not hold its size.
	Finish(ctx context.Context, a support.Attachment, from support.BlobID, budget Budget) error
	// Enqueue promises a job with this transaction.
	Enqueue(ctx context.Context, job interface{ Kind() string }) error
}

// Store keeps what is known of files.
type Store interface {
	// Begin lets a file in, under the lock of its conversation, and counts its size in the budgets
	// until it is finished. A file that is there already, by client id, is returned with New false; one
	// whose upload was cut short begins again, and what was received of it is dropped. Errors: NotFound
	// for a conversation that is none; TooMany where too many arrive at once in it; a problem on the
	// field "file" where a budget is used up.
	Begin(ctx context.Context, u Upload, a support.Attachment, budget Budget) (Place, error)
	// InAttach runs do in one transaction.
	InAttach(ctx context.Context, do func(context.Context, Tx) error) error
	// Abandon forgets a file that receives into the blob still.
	Abandon(ctx context.Context, id support.AttachmentID, into support.BlobID) error
	// FindAttachment reads a file, whoever may see it, with what decides that. NotFound.
	FindAttachment(ctx context.Context, id support.AttachmentID) (Found, error)
	// Unsent returns those of the ids that the author can still send, in their order.
	Unsent(ctx context.Context, c support.ConversationID, by support.Author, ids []support.AttachmentID) ([]support.Attachment, error)
	// DeleteUnsent forgets a file that no message has taken. NotFound; Conflict for one that was sent.
	DeleteUnsent(ctx context.Context, c support.ConversationID, by support.Author, id support.AttachmentID) error
	// SetScanned notes what a scan said of a file that waits for it, and removes the content of an
	// infected one. A file that does not wait stays as it is.
	SetScanned(ctx context.Context, id support.AttachmentID, s support.ScanState) error
	// DeleteContent removes the content of a file that was sent; the entry goes on naming it.
	DeleteContent(ctx context.Context, id support.AttachmentID) error
	// Purge forgets files that were let in before unsent and never sent, removes the content of those
	// of requests that were spam before spam, and contents that belong to no file. It returns how many.
	Purge(ctx context.Context, unsent, spam time.Time) (int, error)

	// FindLinkedTicket returns the ticket that a link opens; see desk.Store.
	FindLinkedTicket(ctx context.Context, link support.Token, now time.Time) (support.TicketID, error)
	// FindConversationByToken and OpenConversation are those of assistant.Threads.
	FindConversationByToken(ctx context.Context, id support.ConversationID, t support.Token) (support.Conversation, error)
	OpenConversation(ctx context.Context, c support.Conversation, t support.Token) error
}

// Found is a file with what decides who may see it.
type Found struct {
	support.Attachment
	Public bool             // its entry is one that members see
	Held   bool             // the ticket that stands on its conversation waits for proof of its address
	Ticket support.TicketID // that ticket; "" for none
}

// Blobs keeps contents, in chunks of ChunkSize bytes (the last one may be shorter), numbered from 0.
type Blobs interface {
	CreateBlob(ctx context.Context, id support.BlobID) error
	// WriteChunk adds a chunk; NotFound where the blob has been deleted meanwhile.
	WriteChunk(ctx context.Context, id support.BlobID, n int, data []byte) error
	// ReadChunk reads one; NotFound where there is none.
	ReadChunk(ctx context.Context, id support.BlobID, n int) ([]byte, error)
	// DeleteBlob removes a content; one that is none is no error.
	DeleteBlob(ctx context.Context, id support.BlobID) error
}

// Scanner looks for viruses.
type Scanner interface {
	// Scan reads r to its end and says what it found; "" for nothing. Invalid for a content that it
	// cannot look at, Unavailable where it does not answer.
	Scan(ctx context.Context, r io.Reader) (virus string, err error)
}

// ScanAttachment is the job that has a file looked at.
type ScanAttachment struct {
	Attachment support.AttachmentID `json:"attachment"`
}

// Kind names the job.
func (ScanAttachment) Kind() string { return "scan_attachment" }

// Budget is how much may be kept.
type Budget struct {
	ConversationFiles, ConversationUploads   int
	ConversationBytes, OwnerBytes, AllUnsent int64
}

// Desk says which tickets an agent sees.
type Desk interface {
	// Sees returns NotFound where an agent does not see a ticket.
	Sees(ctx context.Context, actor support.Actor, id support.TicketID) error
}

// Config of a Service.
type Config struct {
	Store   Store
	Blobs   Blobs
	Scanner Scanner // nil: files are not looked at, and it is said
	Desk    Desk    // says who of staff sees a ticket's files; nil: everybody
	Budget  Budget  // zero fields take the bounds in support
	Log     *slog.Logger
	Now     func() time.Time // nil means time.Now
}

// Service takes and gives files.
type Service struct {
	c Config
	// Pixels that are in memory at once: a picture needs many times its size in bytes.
	pixels *semaphore.Weighted
}

// New returns a Service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	def := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	def(&c.Budget.ConversationBytes, support.MaxConversationBytes)
	def(&c.Budget.OwnerBytes, support.MaxMemberBytes)
	def(&c.Budget.AllUnsent, support.MaxUnsentBytes)
	if c.Budget.ConversationFiles == 0 {
		c.Budget.ConversationFiles = support.MaxConversationFiles
	}
	if c.Budget.ConversationUploads == 0 {
		c.Budget.ConversationUploads = support.MaxConversationUpload
	}
	return &Service{c, semaphore.NewWeighted(support.MaxPixels)}
}

// Scans reports whether files are looked at.
func (s *Service) Scans() bool { return s.c.Scanner != nil }

// Receive takes a file from r, as far as it goes: what is wrong with it is known as soon as it can be,
// and the rest is not read. The same file again, by client id, is returned as it is, without reading;
// one that was cut short is taken anew.
//
// Errors: problems with the field "file" (Invalid for a type that may not be attached, or a content
// that is another than its name says; TooLarge; Conflict for a budget that is used up); Invalid for
// the client id; NotFound.
func (s *Service) Receive(ctx context.Context, u Upload, r io.Reader) (place Place, err error) {
	defer problem.Wrap(&err, "attach.Receive(%s)", u.Conversation)
	if u.ClientID == "" {
		return place, problem.InvalidField("client_id", "problem.client_id")
	}
	if err := support.CheckClientID(u.ClientID); err != nil {
		return place, err
	}
	kind, err := check(&u)
	if err != nil {
		return place, err
	}
	a := support.Attachment{ID: support.NewSecretID[support.AttachmentID](), Conversation: u.Conversation, Author: u.Author,
		Name: u.Name, Type: kind.Type, Size: kind.Max, State: support.AttachmentReceiving, Scan: support.ScanPending,
		Blob: support.NewSecretID[support.BlobID](), CreatedAt: s.c.Now()}
	if u.Size >= 0 {
		a.Size = u.Size
	}
	if place, err = s.c.Store.Begin(ctx, u, a, s.c.Budget); err != nil || !place.New {
		return place, err
	}
	a = place.Attachment
	into := a.Blob
	if err := s.take(ctx, &a, kind, u, r); err != nil {
		// Also where the sender has left: it comes again from the start.
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		for _, blob := range []support.BlobID{into, a.Blob} {
			if e := s.c.Store.Abandon(clean, a.ID, blob); e != nil {
				s.c.Log.Warn("attach: a file that was cut short is left to the purge", "attachment", a.ID, "err", e)
			}
		}
		return Place{}, err
	}
	return Place{Attachment: a, New: true}, nil
}

// check reads what is known of a file before it comes.
func check(u *Upload) (kind support.FileType, err error) {
	given := u.Name
	if u.Name = support.CleanFileName(given); u.Name == "" {
		return kind, support.FileProblem(problem.Invalid, "problem.file_name", "")
	}
	kind, ok := support.FileTypeOf(u.Name)
	if !ok {
		return kind, support.FileProblem(problem.Invalid, "problem.file_type", u.Name).With("types", support.FileExts())
	}
	if u.Size == 0 {
		return kind, support.FileProblem(problem.Invalid, "problem.file_empty", u.Name)
	}
	if u.Size > kind.Max {
		return kind, tooLarge(u.Name, kind)
	}
	return kind, nil
}

func tooLarge(name string, kind support.FileType) error {
	return support.FileProblem(problem.TooLarge, "problem.file_large", name).With("max", int(kind.Max/support.MB))
}

// take receives the content of a, which has been let in, and finishes it.
func (s *Service) take(ctx context.Context, a *support.Attachment, kind support.FileType, u Upload, r io.Reader) error {
	into := a.Blob
	if err := s.receive(ctx, a, kind, u, r); err != nil {
		return err
	}
	if kind.Anew {
		if err := s.renew(ctx, a); err != nil {
			return err
		}
	}
	a.State, a.Scan = support.AttachmentReady, support.ScanNotScanned
	if s.Scans() {
		a.State, a.Scan = support.AttachmentScanning, support.ScanPending
	}
	return s.c.Store.InAttach(ctx, func(ctx context.Context, tx Tx) error {
		if err := tx.Finish(ctx, *a, into, s.c.Budget); err != nil {
			return err
		}
		if a.State == support.AttachmentScanning {
			return tx.Enqueue(ctx, ScanAttachment{Attachment: a.ID})
		}
		return nil
	})
}
