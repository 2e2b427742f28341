package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"guichet/internal/support"
	"guichet/kb"
	"guichet/kb/markdown"
	"guichet/kb/starter"
)

// minTickets is the least over which the shares below are what they say.
const minTickets = 1000

// busyShare of all tickets are one member's: 2,000 of 100,000.
const busyShare = 50

// maxUsual is how many tickets an ordinary member has at most.
const maxUsual = 20

// years that the tickets are spread over.
const years = 2

// person is somebody who asks.
type person struct {
	support.Member          // without an ID for a guest
	tickets        int      // how many are still to be made
	refs           []string // of the member's own
	words          []string // beginnings of what they wrote
}

// crowd is a desk's life so far: the people who asked, those who work there, and all that was said.
type crowd struct {
	r         *rand.Rand
	now       time.Time
	sentences map[kb.Lang][]string // that people write with
	teams     []support.TeamID
	agents    []support.Agent
	busy      *person
	members   []*person // who have signed in once, the busy one not among them
	entries   int
}

// tables are the rows of a part of the crowd's tickets, in the order in which they are written.
type tables struct{ conversations, entries, tickets, reads, mails, tokens *rows }

func newTables() tables {
	return tables{
		&rows{"conversations", []string{"id", "lang", "owner", "epoch", "seq", "pub_seq", "created_at", "member_id"}, nil},
		&rows{"entries", []string{"conversation_id", "seq", "pub_seq", "kind", "author", "agent_id", "channel", "client_id", "body", "data", "created_at"}, nil},
		&rows{"tickets", []string{"id", "ref", "conversation_id", "client_id", "status", "category", "channel", "lang", "subject", "email",
			"email_proven_at", "held_at", "held_reason", "promised_at", "solved_at", "created_at", "updated_at", "assignee_id", "member_id",
			"team_id", "sla_started_at", "sla_first_at", "due_at"}, nil},
		&rows{"ticket_reads", []string{"ticket_id", "member_id", "pub_seq"}, nil},
		&rows{"mails", []string{"id", "message_id", "kind", "ticket_id", "recipient", "lang", "state", "created_at"}, nil},
		&rows{"tokens", []string{"hash", "purpose", "subject", "created_at", "expires_at"}, nil},
	}
}

func (t tables) all() []*rows {
	return []*rows{t.conversations, t.entries, t.tickets, t.reads, t.mails, t.tokens}
}

// newCrowd makes the people that n tickets come from: one has a fiftieth of them, the others 1 to 20
// each; of these three in ten are guests. The same n gives the same crowd.
func newCrowd(n int) (*crowd, error) {
	c := &crowd{r: rand.New(rand.NewPCG(2, uint64(n))), now: time.Now().UTC().Truncate(time.Microsecond), sentences: map[kb.Lang][]string{}}
	articles, err := starter.Articles()
	if err != nil {
		return nil, err
	}
	for _, a := range articles {
		doc, err := markdown.Read(a.Body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.ID, err)
		}
		for _, p := range kb.Split(a, 1, doc) {
			for i := range p.Sentences {
				c.sentences[a.Lang] = append(c.sentences[a.Lang], p.Sentence(i))
			}
		}
	}
	c.busy = c.person(0, n/busyShare)
	for left := n - c.busy.tickets; left > 0; {
		p := c.person(len(c.members)+1, min(1+c.r.IntN(maxUsual), left))
		c.members = append(c.members, p)
		left -= p.tickets
	}
	return c, nil
}

func (c *crowd) person(i, tickets int) *person {
	p := &person{tickets: tickets}
	p.Email, p.EmailVerified, p.Lang = fmt.Sprintf("member%d@example.org", i), true, kb.Langs[c.r.IntN(len(kb.Langs))]
	if i == 0 || c.r.IntN(10) >= 3 {
		p.ID, p.CreatedAt = support.NewID[support.MemberID](), c.now.AddDate(-years, 0, 0)
	}
	return p
}

// copyTickets writes everybody's tickets by COPY, as handoffs, replies and reading would have left
// them. They come in the order in which they were made, everybody's among each other's.
func (h *house) copyTickets(ctx context.Context, c *crowd, n int) error {
	conn, err := h.connect(ctx, map[string]string{"session_replication_role": "replica", "synchronous_commit": "off"})
	if err != nil {
		return err
	}
	write := func(all ...*rows) error {
		for _, r := range all {
			if _, err := conn.CopyFrom(ctx, pgx.Identifier{r.table}, r.columns, pgx.CopyFromRows(r.rows)); err != nil {
				return fmt.Errorf("copy %s: %w", r.table, err)
			}
			r.rows = r.rows[:0]
		}
		return nil
	}
	members := &rows{"members", []string{"id", "email", "email_verified", "lang", "created_at"}, nil}
	queue := make([]*person, 0, n)
	for _, p := range append([]*person{c.busy}, c.members...) {
		if p.ID != "" {
			members.add(uuid.MustParse(string(p.ID)), p.Email, true, string(p.Lang), p.CreatedAt)
		}
		for range p.tickets {
			queue = append(queue, p)
		}
	}
	c.r.Shuffle(len(queue), func(i, j int) { queue[i], queue[j] = queue[j], queue[i] })
	if err := write(members); err != nil {
		return err
	}
	t := newTables()
	for i, p := range queue {
		c.ticket(t, p, i, n)
		if len(t.tickets.rows) == 5000 || i == n-1 {
			if err := write(t.all()...); err != nil {
				return err
			}
		}
	}
	signedIn := c.members[:0]
	for _, p := range c.members {
		if p.ID != "" && len(p.refs) > 0 {
			signedIn = append(signedIn, p)
		}
	}
	c.members = signedIn
	// As autovacuum leaves tables that have stood a while; without statistics the planner takes them for
	// small ones.
	_, err = conn.Exec(ctx, "VACUUM (ANALYZE)")
	return err
}

// ticket makes the i-th of n tickets, somebody's, with its thread.
func (c *crowd) ticket(t tables, p *person, i, n int) {
	r := c.r
	age := time.Duration(float64(years*365*24*time.Hour) * (1 - float64(i+1)/float64(n+1)))
	at := c.now.Add(-age)
	status, held := c.fate(age, p)
	id, conversation := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	clientID, ref := id.String(), reference(i)
	lang := p.Lang
	if r.IntN(20) == 0 {
		lang = kb.Langs[r.IntN(len(kb.Langs))]
	}

	var member, agent, assignee, proven, heldAt, heldReason, started, promised, first, solved any
	// Half of the busy member's, and three in ten of others', were asked before they signed in: theirs by
	// the address alone.
	if p.ID != "" && !held && (p == c.busy && i%2 == 0 || p != c.busy && r.IntN(10) >= 3) {
		member = uuid.MustParse(string(p.ID))
	}
	works := uuid.MustParse(string(c.agents[r.IntN(len(c.agents))].ID))
	due := pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	if held {
		heldAt, heldReason = at, support.HeldUnproven
	} else {
		proven, started, promised = at, at, at.Add(48*time.Hour)
	}

	seq, pub := int64(0), int64(0)
	say := func(kind support.EntryKind, author support.Author, by any, client any, body string, data any) {
		seq++
		var public any
		if kind != support.EntryNote {
			pub++
			public = pub
		}
		t.entries.add(conversation, seq, public, string(kind), string(author), by, string(support.ChannelWeb), client, body, data, at)
		at = at.Add(time.Duration(1+r.IntN(600)) * time.Minute)
		if at.After(c.now) {
			at = c.now
		}
	}
	if r.IntN(2) == 0 { // asked the assistant first
		say(support.EntryMessage, support.AuthorMember, nil, nil, c.text(lang, 1), nil)
		say(support.EntryAnswer, support.AuthorAssistant, nil, nil, c.text(lang, 3), map[string]any{})
	}
	asked := at
	request := c.text(lang, 2+r.IntN(4))
	say(support.EntryMessage, support.AuthorMember, nil, clientID, request, nil)
	say(support.EntryStatus, support.AuthorSystem, nil, nil, "", support.StatusData{To: support.StatusNew, Owner: support.OwnerQueue, Reason: support.ReasonSent})
	if status != support.StatusNew && status != support.StatusSpam && !held {
		agent, first = works, at
		for range 1 + r.IntN(3) {
			say(support.EntryMessage, support.AuthorAgent, agent, uuid.NewString(), c.text(lang, 2+r.IntN(5)), nil)
			if r.IntN(3) == 0 {
				say(support.EntryNote, support.AuthorAgent, agent, nil, c.text(lang, 1), nil)
			}
			if status == support.StatusOpen || r.IntN(2) == 0 {
				say(support.EntryMessage, support.AuthorMember, nil, uuid.NewString(), c.text(lang, 1+r.IntN(3)), nil)
			}
		}
	}
	switch status {
	case support.StatusSolved, support.StatusClosed:
		solved = at
		say(support.EntryStatus, support.AuthorSystem, nil, nil, "", support.StatusData{From: support.StatusOpen, To: support.StatusSolved})
	case support.StatusNew, support.StatusOpen, support.StatusWaitingThirdParty:
		if !held {
			due = pgtype.Timestamptz{Time: c.now.Add(time.Duration(r.IntN(96*60)-24*60) * time.Minute), Valid: true}
		}
	}
	if agent != nil && r.IntN(10) < 7 {
		assignee = agent
	}
	c.entries += int(seq)
	t.conversations.add(conversation, string(lang), "human", 1, seq, pub, asked, member)
	t.tickets.add(id, ref, conversation, clientID, string(status), support.Categories[r.IntN(len(support.Categories))], "email", string(lang),
		firstLine(request), p.Email, proven, heldAt, heldReason, promised, solved, asked, at, assignee, member,
		string(c.teams[r.IntN(len(c.teams))]), started, first, due)
	if member != nil && r.IntN(5) > 0 {
		t.reads.add(id, member, pub-int64(r.IntN(2)))
	}
	t.mails.add(uuid.Must(uuid.NewV7()), clientID+"@example.com", string(support.MailConfirmation), id, p.Email, string(lang), "sent", asked)
	t.tokens.add(support.NewToken().Hash(), string(support.PurposeTicketLink), id.String(), asked, asked.Add(support.TicketLinkTTL))
	if p.ID != "" && !held && status != support.StatusSpam {
		p.refs, p.words = append(p.refs, ref), append(p.words, firstLine(request))
	}
}

// fate is how a ticket of an age stands: of those older than three months one in a hundred is open.
func (c *crowd) fate(age time.Duration, p *person) (s support.Status, held bool) {
	const day = 24 * time.Hour
	open := []support.Status{support.StatusNew, support.StatusOpen, support.StatusOpen, support.StatusWaitingMember, support.StatusWaitingThirdParty}
	x := c.r.IntN(100)
	switch {
	case p.ID == "" && x < 10:
		if age < 14*day {
			return support.StatusNew, true
		}
		return support.StatusSpam, true
	case x == 99:
		return support.StatusMerged, false
	case age < 14*day && x < 65, age < 90*day && x < 35, x == 98:
		return open[c.r.IntN(len(open))], false
	case age < 14*day:
		return support.StatusSolved, false
	}
	return support.StatusClosed, false
}

// text is some sentences of a language.
func (c *crowd) text(l kb.Lang, sentences int) string {
	said := make([]string, sentences)
	for i := range said {
		said[i] = pick(c.r, c.sentences[l])
	}
	return strings.Join(said, " ")
}

// firstLine is what a request would be called: at most its first hundred characters.
func firstLine(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), 100)])
}

// reference is the i-th ticket's, as scattered as random ones and never twice.
func reference(i int) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	x := uint32(i) * 0x9E3779B1 % (1 << 25) // odd, so that no two are the same
	ref := []byte("G-00000")
	for k := range 5 {
		ref[2+k] = digits[x>>(5*k)&31]
	}
	return string(ref)
}
