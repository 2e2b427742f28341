package mail

import "guichet/internal/support"

// notice puts the letters into words that tell of something and quote nobody: of a status, or
// with a link to their requests, to a member; of a new ticket, of an invitation and of a lost password, to people who work here, whose
// texts stand in the languages of the desk.
func (m *Mailer) notice(l support.Letter, c content, say func(string, map[string]any) string) content {
	switch l.Kind {
	case support.MailStatus:
		args := map[string]any{"ref": l.Ref, "status": say("status."+l.Status, nil)}
		c.Subject = subject(l.Ref, say("mail.status.subject", args))
		c.Before = []string{say("mail.one_way", nil), say("mail.status.greeting", nil), say("mail.status.text", args)}
		c.Button = say("mail.confirmation.button_open", nil)
	case support.MailTeam:
		c.Subject = subject(l.Ref, say("desk.mail.team_subject", nil))
		c.Before = []string{say("desk.mail.team", map[string]any{"ref": l.Ref}),
			say("desk.mail.team_category", map[string]any{"category": say("category."+l.Category, nil)}),
			say("desk.mail.team_lang", map[string]any{"lang": say("desk.lang."+string(l.TicketLang), nil)})}
		if !l.PromisedAt.IsZero() {
			c.Before = append(c.Before, say("desk.mail.team_due", map[string]any{"date": m.c.Words.DateTime(l.Lang, l.PromisedAt, l.Zone)}))
		}
		c.Button = say("desk.mail.team_button", nil)
		c.After = []string{say("desk.mail.not_read", nil)}
	case support.MailInvitation:
		c.Subject = say("desk.mail.invitation_subject", nil)
		c.Before = []string{say("desk.mail.greeting", nil), say("desk.mail.invitation", nil), say("desk.mail.invitation_until", nil)}
		c.Button = say("desk.mail.invitation_button", nil)
		c.After = []string{say("desk.mail.invitation_not_you", nil)}
	case support.MailSignIn:
		c.Subject = say("mail.sign_in.subject", nil)
		c.Before = []string{say("mail.sign_in.greeting", nil), say("mail.sign_in.text", nil)}
		c.Button = say("mail.sign_in.button", nil)
		c.After = []string{say("mail.sign_in.until", nil), say("mail.sign_in.not_you", nil)}
	case support.MailReset:
		c.Subject = say("desk.mail.reset_subject", nil)
		c.Before = []string{say("desk.mail.greeting", nil), say("desk.mail.reset", nil), say("desk.mail.reset_until", nil)}
		c.Button = say("desk.mail.reset_button", nil)
		c.After = []string{say("desk.mail.reset_not_you", nil)}
	}
	return c
}
