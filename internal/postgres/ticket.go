package postgres

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/desk"
	"guichet/internal/problem"
	"guichet/internal/routing"
	"guichet/internal/support"
)

const ticketColumns = `id, ref, conversation_id, status, category, channel, lang, subject, email, email_proven_at,
	held_at, COALESCE(held_reason, ''), promised_at, solved_at, created_at, updated_at, COALESCE(assignee_id::text, ''),
	COALESCE(member_id::text, ''), team_id, priority, subject_type, subject_id, fields,
	sla_started_at, sla_first_paused_at, sla_first_at, sla_resolution_due, sla_resolution_paused_at, sla_resolved_at, sla_ended,
	COALESCE(follows::text, '')`

func scanTicket(row pgx.CollectableRow) (t support.Ticket, err error) {
	var proven, held, promised, solved, started, paused, first, resolution, still, resolved *time.Time
	err = row.Scan(&t.ID, &t.Ref, &t.Conversation, &t.Status, &t.Category, &t.Channel, &t.Lang, &t.Subject, &t.Email, &proven,
		&held, &t.HeldReason, &promised, &solved, &t.CreatedAt, &t.UpdatedAt, &t.Assignee,
		&t.Member, &t.Team, &t.Priority, &t.About.Type, &t.About.ID, &t.Fields,
		&started, &paused, &first, &resolution, &still, &resolved, &t.SLA.Ended, &t.Follows)
	t.EmailProvenAt, t.HeldAt, t.SolvedAt = orZero(proven), orZero(held), orZero(solved)
	return t.On(support.SLAClock{StartedAt: orZero(started), FirstDue: orZero(promised), FirstPausedAt: orZero(paused),
		FirstAt: orZero(first), ResolutionDue: orZero(resolution), ResolutionPausedAt: orZero(still), ResolvedAt: orZero(resolved),
		Ended: t.SLA.Ended}), err
}

var (
	findTicket           = query("find_ticket", `SELECT `+ticketColumns+` FROM tickets WHERE id = @id`)
	lockTicket           = query("lock_ticket", `SELECT `+ticketColumns+` FROM tickets WHERE id = @id FOR UPDATE`)
	findTicketByClientID = query("find_ticket_by_client_id", `SELECT `+ticketColumns+` FROM tickets WHERE client_id = @client_id`)
	findTicketByRef      = query("find_ticket_by_ref", `SELECT `+ticketColumns+` FROM tickets WHERE ref = @ref`)
	// The condition is that of the index tickets_one_open.
	findOpenTicket = query("find_open_ticket", `
		SELECT `+ticketColumns+` FROM tickets
		WHERE conversation_id = @conversation AND status NOT IN ('closed','spam','merged')`)
)

// The open one, or else the last.
var findConversationTicket = query("find_conversation_ticket", `
	SELECT `+ticketColumns+` FROM tickets WHERE conversation_id = @conversation
	ORDER BY status IN ('closed','spam','merged'), created_at DESC, id DESC LIMIT 1`)

// FindConversationTicket reads the ticket that stands on a conversation; see desk.Store.
func (db *DB) FindConversationTicket(ctx context.Context, c support.ConversationID) (support.Ticket, error) {
	return conversationTicket(ctx, db.pool, c)
}

func (d deskTx) FindConversationTicket(ctx context.Context, c support.ConversationID) (support.Ticket, error) {
	return conversationTicket(ctx, d.tx, c)
}

func conversationTicket(ctx context.Context, r runner, c support.ConversationID) (support.Ticket, error) {
	if err := checkID(c); err != nil {
		return support.Ticket{}, err
	}
	return one(ctx, r, findConversationTicket, args{"conversation": c}, scanTicket)
}

func (d deskTx) FindTicketByClientID(ctx context.Context, clientID string) (support.Ticket, error) {
	return one(ctx, d.tx, findTicketByClientID, args{"client_id": clientID}, scanTicket)
}

func (d deskTx) FindTicketByRef(ctx context.Context, ref string) (support.Ticket, error) {
	return one(ctx, d.tx, findTicketByRef, args{"ref": ref}, scanTicket)
}

func (d deskTx) FindOpenTicket(ctx context.Context, c support.ConversationID) (support.Ticket, error) {
	if err := checkID(c); err != nil {
		return support.Ticket{}, err
	}
	return one(ctx, d.tx, findOpenTicket, args{"conversation": c}, scanTicket)
}

// The conversation comes first, as everywhere: who locks in two orders waits for ever.
var lockConversationOf = query("lock_conversation_of", `
	SELECT FROM conversations WHERE id = (SELECT conversation_id FROM tickets WHERE id = @id) FOR UPDATE`)

func (d deskTx) LockTicket(ctx context.Context, id support.TicketID) (support.Ticket, error) {
	if err := checkID(id); err != nil {
		return support.Ticket{}, err
	}
	if _, err := lockConversationOf.exec(ctx, d.tx, args{"id": id}); err != nil {
		return support.Ticket{}, err
	}
	return one(ctx, d.tx, lockTicket, args{"id": id}, scanTicket)
}

// ticketArgs are the columns of a ticket that may change.
func ticketArgs(t support.Ticket) args {
	fields := t.Fields
	if fields == nil {
		fields = map[string]string{}
	}
	k := t.SLA
	return args{"id": t.ID, "status": t.Status, "category": t.Category, "subject": t.Subject, "email": t.Email,
		"email_proven_at": orNull(t.EmailProvenAt), "held_at": orNull(t.HeldAt), "held_reason": t.HeldReason, "solved_at": orNull(t.SolvedAt),
		"updated_at": t.UpdatedAt, "assignee": string(t.Assignee), "member": string(t.Member), "team": cmp.Or(t.Team, routing.DefaultTeam),
		"priority": cmp.Or(t.Priority, support.PriorityNormal), "subject_type": t.About.Type, "subject_id": t.About.ID, "fields": fields,
		"promised_at": orNull(k.FirstDue), "started": orNull(k.StartedAt), "first_paused": orNull(k.FirstPausedAt), "first": orNull(k.FirstAt),
		"resolution": orNull(k.ResolutionDue), "resolution_paused": orNull(k.ResolutionPausedAt), "resolved": orNull(k.ResolvedAt),
		"ended": k.Ended, "due": orNull(k.Due())}
}

var createTicket = query("create_ticket", `
	INSERT INTO tickets (id, ref, conversation_id, client_id, status, category, channel, lang, subject, email, email_proven_at,
		held_at, held_reason, promised_at, solved_at, created_at, updated_at, assignee_id, member_id, team_id, priority,
		subject_type, subject_id, fields, sla_started_at, sla_first_paused_at, sla_first_at, sla_resolution_due,
		sla_resolution_paused_at, sla_resolved_at, sla_ended, due_at, follows)
	VALUES (@id, @ref, @conversation, @client_id, @status, @category, @channel, @lang, @subject, @email, @email_proven_at,
		@held_at, NULLIF(@held_reason, ''), @promised_at, @solved_at, @created_at, @updated_at, NULLIF(@assignee::text, '')::uuid,
		NULLIF(@member::text, '')::uuid, @team, @priority, @subject_type, @subject_id, @fields::jsonb, @started, @first_paused, @first,
		@resolution, @resolution_paused, @resolved, @ended, COALESCE(@due::timestamptz, 'infinity'),
		NULLIF(@follows::text, '')::uuid)`)

func (d deskTx) CreateTicket(ctx context.Context, t support.Ticket, clientID string) error {
	a := ticketArgs(t)
	a["client_id"], a["ref"], a["conversation"], a["channel"], a["lang"] = clientID, t.Ref, t.Conversation, t.Channel, t.Lang
	a["created_at"], a["follows"] = t.CreatedAt, string(t.Follows)
	_, err := createTicket.exec(ctx, d.tx, a)
	return taken(err, "tickets_ref", "tickets_client_id", "tickets_one_open")
}

// What a ticket is called, where it came from and when are written once.
var updateTicket = query("update_ticket", `
	UPDATE tickets SET status = @status, category = @category, subject = @subject, email = @email,
		email_proven_at = @email_proven_at, held_at = @held_at, held_reason = NULLIF(@held_reason, ''),
		promised_at = @promised_at, solved_at = @solved_at, updated_at = @updated_at,
		assignee_id = NULLIF(@assignee::text, '')::uuid, member_id = NULLIF(@member::text, '')::uuid, team_id = @team,
		priority = @priority, subject_type = @subject_type, subject_id = @subject_id, fields = @fields::jsonb,
		sla_started_at = @started, sla_first_paused_at = @first_paused, sla_first_at = @first, sla_resolution_due = @resolution,
		sla_resolution_paused_at = @resolution_paused, sla_resolved_at = @resolved, sla_ended = @ended,
		due_at = COALESCE(@due::timestamptz, 'infinity')
	WHERE id = @id`)

func (d deskTx) UpdateTicket(ctx context.Context, t support.Ticket) error {
	_, err := updateTicket.exec(ctx, d.tx, ticketArgs(t))
	return taken(err, "tickets_one_open")
}

// taken makes a Conflict of the violation of one of these constraints.
func taken(err error, constraints ...string) error {
	for _, c := range constraints {
		if breaks(err, c) {
			return problem.From(problem.Conflict, "", err)
		}
	}
	return err
}

// views are the conditions of desk.Views. A held ticket is in "held" alone, and leaves it as spam.
var views = map[string]string{
	"open":       `held_at IS NULL AND status IN ('new','open','waiting_member','waiting_third_party')`,
	"mine":       `held_at IS NULL AND status IN ('new','open','waiting_member','waiting_third_party') AND assignee_id = NULLIF(@agent, '')::uuid`,
	"unassigned": `held_at IS NULL AND status IN ('new','open','waiting_member','waiting_third_party') AND assignee_id IS NULL`,
	"held":       `held_at IS NOT NULL AND status NOT IN ('closed','spam','merged')`,
	"solved":     `held_at IS NULL AND status = 'solved'`,
	"all":        `held_at IS NULL`,
}

// inTeams leaves the tickets of some teams; of all where none is named. What was given to somebody is
// theirs, whatever its team.
const inTeams = ` AND (cardinality(@teams::text[]) = 0 OR team_id = ANY (@teams::text[]))`

// One statement a view: each has its own index. Work is listed by when it is owed.
var listTickets = func() map[string]*statement {
	out := map[string]*statement{}
	for view, condition := range views {
		teams, after, order := inTeams, `(updated_at, id) < (SELECT updated_at, id`, `updated_at DESC, id DESC`
		if view == "mine" {
			teams = ""
		}
		if view == "open" || view == "mine" || view == "unassigned" {
			after, order = `(due_at, id) > (SELECT due_at, id`, `due_at, id`
		}
		out[view] = query("list_tickets_"+view, `
			SELECT `+ticketColumns+` FROM tickets
			WHERE `+condition+teams+` AND (NULLIF(@after, '') IS NULL
				OR `+after+` FROM tickets WHERE id = NULLIF(@after, '')::uuid))
			ORDER BY `+order+` LIMIT @limit`)
	}
	return out
}()

// Tickets lists a view; see desk.Store. Invalid names the field of a view
// that is none.
func (db *DB) Tickets(ctx context.Context, f desk.Filter) ([]support.Ticket, error) {
	s, ok := listTickets[f.View]
	if !ok {
		return nil, problem.InvalidField("view", "problem.view")
	}
	if f.After != "" {
		if err := checkID(f.After); err != nil {
			return nil, err
		}
	}
	a := args{"after": f.After, "limit": f.Limit}
	if f.View == "mine" {
		a["agent"] = f.Agent
	} else {
		a["teams"] = texts(f.Teams)
	}
	return list(ctx, db.pool, s, a, scanTicket)
}

// Each is counted in its own index, and no further than is shown; together they would read the whole
// table.
var countTickets = func() *statement {
	of := func(condition string) string {
		return fmt.Sprintf(`(SELECT count(*) FROM (SELECT FROM tickets WHERE %s LIMIT %d) counted)`, condition, desk.MaxCount)
	}
	return query("count_tickets", "SELECT "+strings.Join([]string{of(views["open"] + inTeams), of(views["held"] + inTeams), of(views["solved"] + inTeams),
		of(views["all"] + inTeams), of(views["mine"]), of(views["unassigned"] + inTeams)}, ",\n"))
}()

// CountTickets returns how many tickets each view holds; see desk.Store.
func (db *DB) CountTickets(ctx context.Context, agent support.AgentID, teams []support.TeamID) (map[string]int, error) {
	return one(ctx, db.pool, countTickets, args{"agent": agent, "teams": texts(teams)}, func(row pgx.CollectableRow) (map[string]int, error) {
		var open, held, solved, all, mine, unassigned int
		err := row.Scan(&open, &held, &solved, &all, &mine, &unassigned)
		return map[string]int{"open": open, "held": held, "solved": solved, "all": all, "mine": mine, "unassigned": unassigned}, err
	})
}

var confirmationWithheld = query("confirmation_withheld", `
	SELECT state = 'withheld' FROM mails WHERE ticket_id = @ticket AND kind = 'confirmation'
	ORDER BY id DESC LIMIT 1`)

var ownerOf = query("owner_of", `SELECT owner FROM conversations WHERE id = @id`)

// Thread reads a ticket with what its reader may see of the conversation; see desk.Store.
func (db *DB) Thread(ctx context.Context, id support.TicketID, staff bool) (out desk.Thread, err error) {
	if err = checkID(id); err != nil {
		return out, err
	}
	if out.Ticket, err = one(ctx, db.pool, findTicket, args{"id": id}, scanTicket); err != nil {
		return out, err
	}
	if out.Entries, err = db.entriesOf(ctx, out.Ticket.Conversation, 0, staff); err != nil {
		return out, err
	}
	if out.Owner, err = one(ctx, db.pool, ownerOf, args{"id": out.Ticket.Conversation}, value[support.Owner]); err != nil {
		return out, err
	}
	if staff {
		if out.Ratings, err = db.ratingsIn(ctx, out.Ticket.Conversation); err != nil {
			return out, err
		}
	}
	out.Withheld, err = one(ctx, db.pool, confirmationWithheld, args{"ticket": id}, value[bool])
	if problem.Is(err, problem.NotFound) {
		err = nil
	}
	return out, err
}

// Solved by its own member, a held ticket needs no team; it stays as it is.
var heldTooLong = query("held_too_long", `
	SELECT id FROM tickets
	WHERE held_at <= @before AND status NOT IN ('solved','closed','spam','merged')
	ORDER BY held_at`)

// HeldTooLong returns tickets held since before that are not spam yet.
func (db *DB) HeldTooLong(ctx context.Context, before time.Time) ([]support.TicketID, error) {
	return list(ctx, db.pool, heldTooLong, args{"before": before}, value[support.TicketID])
}
