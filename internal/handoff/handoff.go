// Package handoff brings a member to a person: which ways are open, one transaction that makes the
// ticket, and the delivery of what was promised.
package handoff

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"guichet/internal/failpoint"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Request is what a member sends with « Parler au support client ».
type Request struct {
	ClientID     string // made by the form or the widget; the same id makes the same ticket
	Channel      support.Channel
	Category     string
	Email        string
	Text         string
	Lang         kb.Lang
	Conversation support.ConversationID // "" opens one
	Answer       support.AnswerID       // of the page the member came from; "" for none
	Actor        support.Actor
	Files        []support.AttachmentID // of the conversation, that go with the text
	Held         string                 // why it is held, as abuse.Judge found; "" means support.HeldUnproven
	Proof        support.Proof          // of work, that the new ticket spends
	Follows      support.TicketID       // the request that this one takes up again; "" for none
	Fields       map[string]string      // of the category, by key
	About        support.Subject        // the member's order or object; zero for that of the conversation
	AddTo        string                 // reference of the member's open ticket that the text is to be added to; "" for none
}

// member is who asks, where somebody has vouched for them.
func (r Request) member() support.MemberID {
	if r.Actor.Member == nil {
		return ""
	}
	return r.Actor.Member.ID
}

// proven reports whether the address is known to be that of who asks.
func (r Request) proven() bool {
	m := r.Actor.Member
	return m != nil && m.EmailVerified && m.Email != "" && m.Email == r.Email
}

// Started is a ticket and a link token that opens it, for the one who asked.
type Started struct {
	Ticket support.Ticket
	Link   support.Token
	New    bool // false: the same request again, or a conversation that has its ticket already
	// Missing are the keys of fields that the category asks for and the ticket still lacks.
	Missing []string
}

// Tx is what one handoff does to the tables; all of it commits together, or none.
type Tx interface {
	// FindTicketByClientID returns the ticket an earlier call made; NotFound if there is none.
	FindTicketByClientID(ctx context.Context, clientID string) (support.Ticket, error)
	// FindOpenTicket returns the ticket of a conversation that is not closed; NotFound.
	FindOpenTicket(ctx context.Context, c support.ConversationID) (support.Ticket, error)
	// LockConversation reads a conversation and locks its row until the transaction ends.
	LockConversation(ctx context.Context, c support.ConversationID) (support.Conversation, error)
	CreateConversation(ctx context.Context, c support.Conversation) error
	// FindTicketByRef returns a ticket by its reference; NotFound.
	FindTicketByRef(ctx context.Context, ref string) (support.Ticket, error)
	// MoveConversation gives the conversation a new owner: it locks its row, raises the epoch, so that a
	// late machine answer is thrown away, and appends e, by which the member sees it. Where the owner
	// has it already, nothing is written, and the entry it returns has no number.
	MoveConversation(ctx context.Context, c support.ConversationID, to support.Owner, e support.Entry) (support.Entry, error)
	// MoveFiles gives a member's files, which were sent with nothing yet, to another conversation.
	MoveFiles(ctx context.Context, from, to support.ConversationID, files []support.AttachmentID) error
	// Append adds an entry under the conversation's lock and returns it with its numbers. An entry
	// with a client id that is there already, with the same body, is returned as it is; with
	// another body it is a Conflict.
	Append(ctx context.Context, c support.ConversationID, e support.Entry) (support.Entry, error)
	// Attach sends files of the conversation with an entry of it: those that its author has not sent, or
	// has sent with this one. Invalid names the field "attachments" where one is neither; Conflict where
	// the entry was sent before, with others.
	Attach(ctx context.Context, c support.ConversationID, e support.Entry, files []support.AttachmentID) error
	// AnswerEntry returns a stored answer as an entry, and its question; NotFound if it is gone.
	AnswerEntry(ctx context.Context, a support.AnswerID) (question string, e support.Entry, err error)
	// CreateTicket stores a new ticket; a Conflict if its reference is taken.
	CreateTicket(ctx context.Context, t support.Ticket, clientID string) error
	UpdateTicket(ctx context.Context, t support.Ticket) error
	// LockTicket reads a ticket and locks its row.
	LockTicket(ctx context.Context, id support.TicketID) (support.Ticket, error)
	// CountMails returns how many mails of the kind were promised since: to the recipient, and in all.
	CountMails(ctx context.Context, kind support.MailKind, recipient string, since time.Time) (to, all int, err error)
	CreateMail(ctx context.Context, m support.Mail) error
	// SpendProof marks a proof of work as spent; fresh is false where it was before.
	SpendProof(ctx context.Context, p support.Proof) (fresh bool, err error)
	SaveToken(ctx context.Context, p support.Purpose, t support.Token, subject, detail string, expires time.Time) error
	// SpendToken marks a token used and returns its subject and detail. NotFound for a token that
	// never was, Gone for one that is used, expired or revoked.
	SpendToken(ctx context.Context, p support.Purpose, t support.Token, now time.Time) (subject, detail string, err error)
	// Enqueue promises a job with this transaction.
	Enqueue(ctx context.Context, job interface{ Kind() string }) error
}

// Store runs transactions and reads what delivery needs.
type Store interface {
	InHandoff(ctx context.Context, do func(context.Context, Tx) error) error
	// FindMail reads a promised mail with its ticket.
	FindMail(ctx context.Context, id support.MailID) (support.Mail, support.Ticket, error)
	// MarkMail notes what became of a mail: sent, failed or withheld, and why.
	MarkMail(ctx context.Context, id support.MailID, state, cause string) error
	// HeldTooLong returns tickets held since before.
	HeldTooLong(ctx context.Context, before time.Time) ([]support.TicketID, error)
}

// Mailer sends a letter, once it has returned nil. An error that problem.Is calls Invalid is final
// (the address does not exist); any other may pass with time.
type Mailer interface {
	Send(ctx context.Context, l support.Letter) error
}

// Links builds absolute addresses from GUICHET_BASE_URL.
type Links interface {
	// Ticket is the page of a ticket; proof is "" or the token of an address proof.
	Ticket(lang kb.Lang, link, proof support.Token) string
}

// Teams says where a team hears of a new ticket.
type Teams interface {
	// TeamAddress is the address of the ticket's team; notify is false where nobody wants to hear.
	TeamAddress(ctx context.Context, t support.Ticket) (address string, notify bool, err error)
}

// SendConfirmation is the job that sends a promised confirmation.
type SendConfirmation struct {
	Mail support.MailID `json:"mail"`
}

// Kind names the job.
func (SendConfirmation) Kind() string { return "send_confirmation" }

// Config of a Service.
type Config struct {
	Store      Store
	Mailer     Mailer
	Links      Links
	MailDomain string                        // right side of Message-IDs
	Routing    Routing                       // where requests go, and what is promised
	Presence   Presence                      // nil: nobody chats
	Slots      Slots                         // nil: nobody calls
	Zone       *time.Location                // in which moments are said in mails
	SiteBudget int                           // confirmation mails an hour over all addresses; zero means 300
	Teams      Teams                         // nil: no team hears of a ticket by mail
	DeskLink   func(support.TicketID) string // the ticket's page for staff
	DeskLang   func() kb.Lang                // in which teams are written to; nil means English
	Log        *slog.Logger
	Now        func() time.Time // nil means time.Now
}

// Service hands over.
type Service struct{ c Config }

// New returns a Service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.SiteBudget == 0 {
		c.SiteBudget = 300
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Presence == nil {
		c.Presence = Absent{}
	}
	if c.Slots == nil {
		c.Slots = Absent{}
	}
	return &Service{c}
}

// Zone is the zone in which promises are said, where the member's is not known.
func (s *Service) Zone() *time.Location { return s.c.Zone }

// Check returns r with its fields cleaned, or one problem that names every wrong field. A member whose
// address is known need not say it again. What is added to a ticket has that one's category.
func (s *Service) Check(r Request) (Request, error) {
	var fields []problem.Field
	collect := func(err error) {
		if p, ok := err.(*problem.Error); ok {
			fields = append(fields, p.Fields...)
		}
	}
	var err error
	if m := r.Actor.Member; m != nil && m.EmailVerified && strings.TrimSpace(r.Email) == "" {
		r.Email = m.Email
	}
	if r.AddTo == "" || r.Email != "" {
		if r.Email, err = support.CheckEmail(r.Email); err != nil {
			collect(err)
		}
		// Their site vouches for one spelling; whether the server of the address tells others from it nobody knows.
		if m := r.Actor.Member; m != nil && m.EmailVerified && strings.EqualFold(m.Email, r.Email) {
			r.Email = m.Email
		}
	}
	if r.AddTo == "" {
		_, c, err := s.c.Routing.Route(support.CategoryKey(r.Category), r.Lang)
		if err == nil {
			r.Fields, _, err = s.c.Routing.Read(c, r.Lang, r.Fields, s.c.Now())
		}
		collect(err)
	}
	if r.Text, err = support.CheckText("text", r.Text, support.MaxRequest); err != nil {
		collect(err)
	}
	if n := len(r.ClientID); n < 8 || n > support.MaxClientID {
		fields = append(fields, problem.Field{Name: "client_id", Key: "problem.client_id"})
	}
	collect(support.CheckFiles(r.Files))
	if len(fields) > 0 {
		return r, &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Fields: fields}
	}
	if r.Channel != support.ChannelEmail {
		return r, problem.New(problem.Conflict, "problem.channel_closed")
	}
	return r, nil
}

// Start makes the ticket, its entries, the promised mail and its job in one transaction: either the
// member has a ticket that will be worked, or nothing happened. The same request again, by client
// id, returns the same ticket; a conversation with an open ticket returns that one, with the text
// added, and so does one that names the ticket it is to be added to. A ticket is held until its address
// is proven, which that of a member who signed in with it is.
//
// Errors: Invalid names every wrong field, and the field "proof" where the proof of work was spent on
// another request; Conflict if the channel is not open, or if the client id came with another text or
// address; NotFound for a ticket to add to that is not the member's.
func (s *Service) Start(ctx context.Context, r Request) (out Started, err error) {
	defer problem.Wrap(&err, "handoff.Start")
	if r, err = s.Check(r); err != nil {
		return out, err
	}
	for tries := 0; ; tries++ {
		err = s.c.Store.InHandoff(ctx, func(ctx context.Context, tx Tx) error {
			out, err = s.start(ctx, tx, r)
			return err
		})
		// Two presses at once: the loser of the race finds the winner's ticket on its second try.
		// A reference that is taken gets another.
		if problem.Is(err, problem.Conflict) && tries < 3 {
			continue
		}
		break
	}
	if errors.Is(err, errSpent) {
		return out, problem.InvalidField("proof", "problem.proof")
	}
	if err == nil && out.New {
		failpoint.At(failpoint.HandoffCommitted)
	}
	return out, err
}

// errSpent is a Conflict, so that the second of two presses looks for the first one's ticket.
var errSpent = problem.New(problem.Conflict, "problem.proof")

func (s *Service) start(ctx context.Context, tx Tx, r Request) (out Started, err error) {
	now := s.c.Now()
	if r.AddTo != "" {
		return s.add(ctx, tx, r, now)
	}
	t, err := tx.FindTicketByClientID(ctx, r.ClientID)
	if err == nil {
		return s.repeated(ctx, tx, t, r, now)
	}
	if !problem.Is(err, problem.NotFound) {
		return out, err
	}
	conversation, err := s.conversation(ctx, tx, r, now)
	if err != nil {
		return out, err
	}
	t, err = tx.FindOpenTicket(ctx, conversation.ID)
	if err == nil {
		var added bool
		if t, added, err = s.more(ctx, tx, t, r, now); err != nil {
			return out, err
		}
		if added {
			return s.again(ctx, tx, t, now)
		}
	} else if !problem.Is(err, problem.NotFound) {
		return out, err
	}
	if err := s.tell(ctx, tx, conversation.ID, r); err != nil {
		return out, err
	}
	team, category, err := s.c.Routing.Route(support.CategoryKey(r.Category), r.Lang)
	if err != nil {
		return out, err
	}
	if r.Fields == nil {
		r.Fields = map[string]string{}
	}
	t = support.Ticket{
		ID: support.NewID[support.TicketID](), Ref: support.NewRef(), Conversation: conversation.ID,
		Status: support.StatusNew, Category: r.Category, Channel: r.Channel, Lang: r.Lang,
		Subject: subject(r.Text), Email: r.Email, Member: r.member(), Team: team.ID, Priority: category.Priority,
		Fields: r.Fields, CreatedAt: now, UpdatedAt: now, Follows: r.Follows,
	}
	if t.Member != "" { // what a guest says of orders is nobody's
		if t.About = r.About; t.About == (support.Subject{}) {
			t.About = conversation.Subject
		}
	}
	said := support.StatusData{To: support.StatusNew, Owner: support.OwnerQueue, Reason: support.ReasonHeld}
	if r.proven() && cmp.Or(r.Held, support.HeldUnproven) == support.HeldUnproven {
		t.EmailProvenAt, said.Reason, said.Team = now, support.ReasonSent, team.Name
		t = s.begin(t, now)
	} else {
		t.HeldAt, t.HeldReason = now, cmp.Or(r.Held, support.HeldUnproven)
	}
	if !r.Proof.None() {
		if fresh, err := tx.SpendProof(ctx, r.Proof); err != nil {
			return out, err
		} else if !fresh {
			return out, errSpent
		}
	}
	ofAddress, ofSite, err := s.shares(ctx, tx, t, now)
	if err != nil {
		return out, err
	}
	mails := ofAddress && ofSite
	if !mails && t.Held() && t.HeldReason != support.HeldBot {
		t.HeldReason = support.HeldBudget
	}
	if err := tx.CreateTicket(ctx, t, r.ClientID); err != nil {
		return out, err
	}
	if err := s.own(ctx, tx, t, said, now); err != nil {
		return out, err
	}
	if !t.Held() {
		if err := s.bring(ctx, tx, t); err != nil {
			return out, err
		}
	}
	if err := s.promiseConfirmation(ctx, tx, t, mails); err != nil {
		return out, err
	}
	if out, err = s.again(ctx, tx, t, now); err != nil {
		return out, err
	}
	out.New = true
	failpoint.At(failpoint.HandoffBeforeCommit)
	return out, nil
}

// own writes that something happened to a ticket into its thread, and that the conversation belongs to
// whom d says from now on.
func (s *Service) own(ctx context.Context, tx Tx, t support.Ticket, d support.StatusData, now time.Time) error {
	e, err := tx.MoveConversation(ctx, t.Conversation, d.Owner, statusEntry(d, now))
	if err != nil || e.Seq > 0 {
		return err
	}
	d.Owner = ""
	_, err = tx.Append(ctx, t.Conversation, statusEntry(d, now))
	return err
}

// bring brings a ticket that is not held to its team: it is announced there, and compared with.
func (s *Service) bring(ctx context.Context, tx Tx, t support.Ticket) error {
	if err := s.announce(ctx, tx, t); err != nil {
		return err
	}
	return tx.Enqueue(ctx, EmbedRequest{t.ID})
}

// again returns a ticket that is there already, with a fresh link: only hashes are stored, so the
// first one cannot be shown twice.
func (s *Service) again(ctx context.Context, tx Tx, t support.Ticket, now time.Time) (Started, error) {
	link := support.NewToken()
	err := tx.SaveToken(ctx, support.PurposeTicketLink, link, string(t.ID), "", now.Add(support.TicketLinkTTL))
	return Started{Ticket: t, Link: link, Missing: s.missing(t)}, err
}

func statusEntry(d support.StatusData, now time.Time) support.Entry {
	return support.Entry{Kind: support.EntryStatus, Author: support.AuthorSystem, Channel: support.ChannelWeb,
		Data: encode(d), CreatedAt: now}
}

// subject is the first line of a request, at most 120 characters, cut at a word.
func subject(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	if utf8.RuneCountInString(line) <= 120 {
		return line
	}
	cut := string([]rune(line)[:119])
	if i := strings.LastIndexByte(cut, ' '); i > 60 {
		cut = cut[:i]
	}
	return cut + "…"
}
