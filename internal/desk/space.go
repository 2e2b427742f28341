package desk

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// Bounds of a member's list.
const (
	SpacePage = 20  // requests a page
	MaxSearch = 200 // characters of what is looked for
)

// Item is a request in its member's list.
type Item struct {
	support.Ticket
	Unread  int       // messages of the team that the member has not had before their eyes
	MovedAt time.Time // of the last entry that the member may see
}

// SpaceFilter selects a member's requests.
type SpaceFilter struct {
	Status  string          // one of support.PublicStatuses, "open" for the first three; "" for all
	Channel support.Channel // "" for all
	Query   string          // in subject, reference and thread, of the newest 500; "" for all
	After   string          // where the page before ended, as Space.List returned it; "" for the first
	Limit   int             // zero means SpacePage, at most 100
}

// Place is where a page of a list ended. It names a moment, not a row, so that a request that moves
// meanwhile neither hides others nor shows them twice.
type Place struct {
	At time.Time
	ID support.TicketID
}

// Opener is a token that opens a request, as its member sees it; the token itself was shown once.
type Opener struct {
	ID      string // names it; opens nothing
	Browser bool   // the conversation in a browser's widget, and not a link
	Since   time.Time
	Until   time.Time
}

// SpaceQuery is a SpaceFilter as the tables take it.
type SpaceQuery struct {
	Statuses []support.Status // nil for all
	Channel  support.Channel
	Query    string
	After    Place // zero for the first page
	Limit    int
}

// SpaceStore reads what is a member's own. Whoever asks for a request that is not theirs is told what
// they are told of one that never was: NotFound.
type SpaceStore interface {
	// OwnTickets lists a member's requests, the newest movement first.
	OwnTickets(ctx context.Context, m support.Mine, q SpaceQuery) ([]Item, error)
	// CountUnread is how many of the hundred that moved last have something unread.
	CountUnread(ctx context.Context, m support.Mine) (int, error)
	FindOwnTicket(ctx context.Context, m support.Mine, ref string) (Item, error)
	// Followed returns the references of the member's requests that t takes up again, and that take up t.
	Followed(ctx context.Context, m support.Mine, t support.Ticket) (follows string, by []string, err error)
	// MarkRead notes how far a member has read; it never goes back, nor beyond what there is.
	MarkRead(ctx context.Context, m support.MemberID, id support.TicketID, pubSeq int64) error
	// OpenTokens are what opens a ticket without signing in, the newest first, at most fifty.
	OpenTokens(ctx context.Context, id support.TicketID, c support.ConversationID, now time.Time) ([]Opener, error)
	// RevokeOpen ends one of them by its ID, or all by "". How many ended is returned.
	RevokeOpen(ctx context.Context, id support.TicketID, c support.ConversationID, token string, now time.Time) (int, error)
}

// Space is « My requests » of one member: it knows no other's.
type Space struct {
	s *Service
	m support.Member
}

// Space returns a member's; Unauthorized where there is none.
func (s *Service) Space(m *support.Member) (Space, error) {
	if m == nil || m.ID == "" {
		return Space{}, problem.New(problem.Unauthorized, "problem.member_session")
	}
	return Space{s, *m}, nil
}

// List is a page of the member's requests, the newest movement first, and where the next one begins;
// "" on the last. Errors: Invalid names the field.
func (p Space) List(ctx context.Context, f SpaceFilter) (items []Item, next string, err error) {
	defer problem.Wrap(&err, "desk.Space.List")
	q := SpaceQuery{Channel: f.Channel, Limit: f.Limit}
	if q.Limit <= 0 || q.Limit > 100 {
		q.Limit = SpacePage
	}
	if f.Status != "" {
		if q.Statuses = support.ShownAs(f.Status); q.Statuses == nil {
			return nil, "", problem.InvalidField("status", "problem.status_word")
		}
	}
	q.Query = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(f.Query, "\x00", ""), "")), " ")
	if n := utf8.RuneCountInString(q.Query); n > MaxSearch {
		return nil, "", problem.InvalidField("q", "problem.too_long").With("max", MaxSearch).With("n", n)
	}
	if q.After, err = readPlace(f.After); err != nil {
		return nil, "", err
	}
	q.Limit++ // one more says whether there is another page
	if items, err = p.s.c.Store.OwnTickets(ctx, p.m.Mine(), q); err != nil || len(items) < q.Limit {
		return items, "", err
	}
	items = items[:q.Limit-1]
	return items, Place{items[len(items)-1].UpdatedAt, items[len(items)-1].ID}.String(), nil
}

// String is the place as it stands in an address.
func (p Place) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.At.UnixMicro(), 36) + "." + string(p.ID)))
}

func readPlace(s string) (Place, error) {
	if s == "" {
		return Place{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	at, id, ok := strings.Cut(string(b), ".")
	micro, notNumber := strconv.ParseInt(at, 36, 64)
	// PostgreSQL keeps no moment outside of these.
	if err != nil || !ok || notNumber != nil || len(id) != 36 || uuid.Validate(id) != nil || micro < 0 || micro > 1<<52 {
		return Place{}, problem.InvalidField("after", "problem.cursor")
	}
	return Place{time.UnixMicro(micro).UTC(), support.TicketID(id)}, nil
}

// Unread is how many requests have something unread.
func (p Space) Unread(ctx context.Context) (int, error) {
	return p.s.c.Store.CountUnread(ctx, p.m.Mine())
}

// SpaceThread is one request as its member sees it.
type SpaceThread struct {
	Thread
	Unread     int
	Seen       int64    // number of the last entry, for Read
	Follows    string   // reference of the request that this one takes up again; "" for none, or for another's
	FollowedBy []string // references of the member's requests that take up this one
}

// Thread reads a request by its reference, as people type it. It marks nothing as read.
func (p Space) Thread(ctx context.Context, ref string) (out SpaceThread, err error) {
	defer problem.Wrap(&err, "desk.Space.Thread")
	item, err := p.find(ctx, ref)
	if err != nil {
		return out, err
	}
	if out.Thread, err = p.s.c.Store.Thread(ctx, item.ID, false); err != nil {
		return out, err
	}
	out.Unread = item.Unread
	if n := len(out.Entries); n > 0 {
		out.Seen = out.Entries[n-1].PubSeq
	}
	out.Follows, out.FollowedBy, err = p.s.c.Store.Followed(ctx, p.m.Mine(), out.Ticket)
	return out, err
}

func (p Space) find(ctx context.Context, ref string) (Item, error) {
	ref = support.NormalRef(ref)
	if len(ref) > 20 || !utf8.ValidString(ref) || strings.ContainsRune(ref, 0) {
		return Item{}, problem.From(problem.NotFound, "", errors.New("not a reference"))
	}
	return p.s.c.Store.FindOwnTicket(ctx, p.m.Mine(), ref)
}

// Read notes that the member has had the thread before their eyes up to an entry's number.
func (p Space) Read(ctx context.Context, ref string, seq int64) (err error) {
	defer problem.Wrap(&err, "desk.Space.Read")
	item, err := p.find(ctx, ref)
	if err != nil || seq <= 0 {
		return err
	}
	return p.s.c.Store.MarkRead(ctx, p.m.ID, item.ID, seq)
}

// on does something to a request under its lock.
func (p Space) on(ctx context.Context, ref string, do func(ctx context.Context, tx Tx, t support.Ticket) error) error {
	item, err := p.find(ctx, ref)
	if err != nil {
		return err
	}
	return p.s.c.Store.InDesk(ctx, func(ctx context.Context, tx Tx) error {
		t, err := tx.LockTicket(ctx, item.ID)
		if err != nil {
			return err
		}
		return do(ctx, tx, t)
	})
}

// late is the answer where a request can be taken up again in another one alone.
func late() error { return problem.New(problem.Conflict, "problem.reopen_late") }

// Reply adds what the member writes, as MemberReply does, and returns the entry. Conflict where the
// request is closed, or was solved more than 14 days ago.
func (p Space) Reply(ctx context.Context, ref, clientID, text string, files ...support.AttachmentID) (e support.Entry, err error) {
	defer problem.Wrap(&err, "desk.Space.Reply")
	if text, err = support.CheckText("text", text, support.MaxRequest); err != nil {
		return e, err
	}
	err = p.on(ctx, ref, func(ctx context.Context, tx Tx, t support.Ticket) (err error) {
		if t.Over(p.s.c.Now()) {
			return late()
		}
		e, err = p.s.hear(ctx, tx, t, clientID, text, files)
		return err
	})
	return e, err
}

// Solve marks a request as solved; one that is stays as it is.
func (p Space) Solve(ctx context.Context, ref string) (err error) {
	defer problem.Wrap(&err, "desk.Space.Solve")
	return p.on(ctx, ref, func(ctx context.Context, tx Tx, t support.Ticket) error {
		_, err := p.s.change(ctx, tx, t, support.StatusSolved)
		return err
	})
}

// Reopen has a solved request worked on again, within 14 days; one that is worked on stays as it is.
// Conflict where it is too late: the request is taken up again in another one.
func (p Space) Reopen(ctx context.Context, ref string) (err error) {
	defer problem.Wrap(&err, "desk.Space.Reopen")
	return p.on(ctx, ref, func(ctx context.Context, tx Tx, t support.Ticket) error {
		switch {
		case t.Over(p.s.c.Now()):
			return late()
		case t.Status == support.StatusSolved:
			_, err := p.s.change(ctx, tx, t, support.StatusOpen)
			return err
		case t.Status.Public() == "closed":
			return problem.New(problem.Conflict, "problem.ticket_closed")
		}
		return nil
	})
}

// Ended returns a request that can be taken up again in another one alone. Conflict for one that is
// still worked on, or can be reopened.
func (p Space) Ended(ctx context.Context, ref string) (t support.Ticket, err error) {
	defer problem.Wrap(&err, "desk.Space.Ended")
	item, err := p.find(ctx, ref)
	if err == nil && !item.Over(p.s.c.Now()) {
		err = problem.New(problem.Conflict, "problem.status")
	}
	return item.Ticket, err
}

// Now is the moment by which the member's choices are decided.
func (p Space) Now() time.Time { return p.s.c.Now() }

// Open lists what opens a request without signing in, and Revoke ends one of it, or all by "".
// NotFound where there is none of the name.
func (p Space) Open(ctx context.Context, ref string) (ts []Opener, err error) {
	defer problem.Wrap(&err, "desk.Space.Open")
	item, err := p.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	return p.s.c.Store.OpenTokens(ctx, item.ID, item.Conversation, p.s.c.Now())
}

// Revoke ends what Open lists; see there.
func (p Space) Revoke(ctx context.Context, ref, token string) (err error) {
	defer problem.Wrap(&err, "desk.Space.Revoke")
	item, err := p.find(ctx, ref)
	if err != nil {
		return err
	}
	unknown := problem.From(problem.NotFound, "", errors.New("no such token opens the ticket"))
	if token != "" && strings.Trim(token, "0123456789abcdef") != "" {
		return unknown
	}
	n, err := p.s.c.Store.RevokeOpen(ctx, item.ID, item.Conversation, token, p.s.c.Now())
	if err == nil && n == 0 && token != "" {
		return unknown
	}
	return err
}
