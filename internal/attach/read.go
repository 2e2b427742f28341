package attach

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Right is why somebody may read a file: exactly one of its fields is set.
type Right struct {
	Conversation support.ConversationID // whose token they hold
	Link         support.Token          // of a ticket's page
	Actor        support.Actor          // staff
}

// Find reads what is known of a file that somebody may see; NotFound where there is none for them. A
// member sees what was sent and what of the own is still to be sent. Of a held ticket no file is seen
// but those: who has not proven the address shows nothing to whoever holds the link.
func (s *Service) Find(ctx context.Context, r Right, id support.AttachmentID) (a support.Attachment, err error) {
	defer problem.Wrap(&err, "attach.Find(%s)", id)
	f, err := s.find(ctx, r, id)
	return f.Attachment, err
}

func (s *Service) find(ctx context.Context, r Right, id support.AttachmentID) (f Found, err error) {
	hidden := problem.From(problem.NotFound, "problem.file_unknown", fmt.Errorf("not for this reader"))
	if uuid.Validate(string(id)) != nil {
		return f, hidden
	}
	if f, err = s.c.Store.FindAttachment(ctx, id); err != nil {
		return f, err
	}
	switch {
	case r.Actor.IsStaff():
		if s.c.Desk == nil || f.Ticket == "" {
			return f, nil
		}
		if err := s.c.Desk.Sees(ctx, r.Actor, f.Ticket); problem.Is(err, problem.NotFound) {
			return Found{}, hidden
		} else if err != nil {
			return Found{}, err
		}
		return f, nil
	case r.Link != "":
		ticket, err := s.c.Store.FindLinkedTicket(ctx, r.Link, s.c.Now())
		if err != nil {
			return Found{}, err
		}
		if f.Ticket != ticket || f.Entry == 0 {
			return Found{}, hidden
		}
	case r.Conversation == "" || f.Conversation != r.Conversation:
		return Found{}, hidden
	case f.Entry == 0 && f.Author == support.AuthorMember:
		return f, nil
	}
	if f.Entry == 0 || !f.Public || f.Held {
		return Found{}, hidden
	}
	return f, nil
}

// Open opens the content of a file that somebody may see; rights are looked at each time. Errors: as
// Find; Conflict while it is not looked through yet or not sent; Gone for one that was removed.
func (s *Service) Open(ctx context.Context, r Right, id support.AttachmentID) (a support.Attachment, c *Content, err error) {
	defer problem.Wrap(&err, "attach.Open(%s)", id)
	f, err := s.find(ctx, r, id)
	if err != nil {
		return a, nil, err
	}
	switch {
	case f.State == support.AttachmentReceiving, f.Entry == 0:
		return a, nil, problem.New(problem.Conflict, "problem.file_unsent")
	case f.State == support.AttachmentScanning:
		return a, nil, problem.New(problem.Conflict, "problem.file_scanning")
	case !f.Readable():
		return a, nil, problem.New(problem.Gone, "problem.file_gone")
	}
	return f.Attachment, s.content(ctx, f.Attachment), nil
}

// Unsent returns those of the ids that their author can still send, in their order.
func (s *Service) Unsent(ctx context.Context, c support.ConversationID, by support.Author, ids []support.AttachmentID) (out []support.Attachment, err error) {
	defer problem.Wrap(&err, "attach.Unsent(%s)", c)
	if support.CheckFiles(ids) != nil || len(ids) == 0 {
		return nil, nil
	}
	return s.c.Store.Unsent(ctx, c, by, ids)
}

// Discard forgets a file that its member has not sent. NotFound; Conflict for one that was sent: what
// was said to somebody stays said.
func (s *Service) Discard(ctx context.Context, c support.ConversationID, id support.AttachmentID) (err error) {
	defer problem.Wrap(&err, "attach.Discard(%s)", id)
	if uuid.Validate(string(id)) != nil {
		return problem.New(problem.NotFound, "problem.file_unknown")
	}
	return s.c.Store.DeleteUnsent(ctx, c, support.AuthorMember, id)
}

// Delete removes the content of a file for good, for staff: its entry says that it was removed.
func (s *Service) Delete(ctx context.Context, actor support.Actor, id support.AttachmentID) (ticket support.TicketID, err error) {
	defer problem.Wrap(&err, "attach.Delete(%s)", id)
	if !actor.IsStaff() {
		return "", problem.New(problem.Forbidden, "")
	}
	f, err := s.find(ctx, Right{Actor: actor}, id)
	if err != nil {
		return "", err
	}
	if f.Entry == 0 {
		return "", problem.New(problem.Conflict, "problem.file_unsent")
	}
	return f.Ticket, s.c.Store.DeleteContent(ctx, id)
}

// Form returns the conversation that a form's files wait in: the one that its token names, which is
// the same however often the form is sent, and is opened with its first file. The token was made with
// the form and is known to whoever fills it in alone.
func (s *Service) Form(ctx context.Context, form support.Token, l kb.Lang) (c support.ConversationID, err error) {
	defer problem.Wrap(&err, "attach.Form")
	if len(form) != len(support.NewToken()) {
		return "", problem.New(problem.Invalid, "problem.form")
	}
	c = FormConversation(form)
	if _, err = s.c.Store.FindConversationByToken(ctx, c, form); !problem.Is(err, problem.Unauthorized) {
		return c, err
	}
	opened := s.c.Store.OpenConversation(ctx, support.Conversation{ID: c, Lang: l, Owner: support.OwnerAssistant, CreatedAt: s.c.Now()}, form)
	if _, err = s.c.Store.FindConversationByToken(ctx, c, form); err != nil { // sent twice at once, one of them opens it
		err = errors.Join(opened, err)
	}
	return c, err
}

// FormConversation is the conversation of a form's token, whether it is open or not.
func FormConversation(form support.Token) support.ConversationID {
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(form.Derive("form conversation")))
	return support.ConversationID(id.String())
}

// Scan has a file looked at that waits for it. A scanner that cannot look at the file leaves it « not
// scanned »; one that does not answer is an error, and the job comes again.
func (s *Service) Scan(ctx context.Context, id support.AttachmentID) (err error) {
	defer problem.Wrap(&err, "attach.Scan(%s)", id)
	f, err := s.c.Store.FindAttachment(ctx, id)
	if problem.Is(err, problem.NotFound) { // deleted meanwhile
		return nil
	}
	if err != nil || f.State != support.AttachmentScanning {
		return err
	}
	if s.c.Scanner == nil { // taken off since
		return s.c.Store.SetScanned(ctx, id, support.ScanNotScanned)
	}
	virus, err := s.c.Scanner.Scan(ctx, s.content(ctx, f.Attachment))
	switch {
	case problem.Is(err, problem.Invalid):
		s.c.Log.Warn("attach: a file could not be scanned", "attachment", id, "err", err)
		return s.c.Store.SetScanned(ctx, id, support.ScanNotScanned)
	case err != nil:
		return err
	case virus != "":
		s.c.Log.Warn("attach: a virus was found and the file removed", "attachment", id, "virus", virus)
		return s.c.Store.SetScanned(ctx, id, support.ScanInfected)
	}
	return s.c.Store.SetScanned(ctx, id, support.ScanClean)
}

// GiveUp notes that a file could not be looked at, after the last try: it can be read, and says so.
func (s *Service) GiveUp(ctx context.Context, id support.AttachmentID, cause error) error {
	s.c.Log.Warn("attach: a file stays unscanned", "attachment", id, "err", cause)
	return s.c.Store.SetScanned(ctx, id, support.ScanNotScanned)
}

// Purge forgets what nobody sent, and what spam brought.
func (s *Service) Purge(ctx context.Context) (n int, err error) {
	defer problem.Wrap(&err, "attach.Purge")
	now := s.c.Now()
	return s.c.Store.Purge(ctx, now.Add(-support.UnsentFor), now.Add(-support.KeepSpamFiles))
}
