// Package failpoint names the moments between a promise and its keeping at which tests kill the
// process. In ordinary builds At does nothing; with the build tag failpoints it ends the process by
// SIGKILL when GUICHET_FAIL_AT names the point.
package failpoint

// The points, in the order in which a handoff, the proof of its address, an agent's reply and a change of
// status meet them.
const (
	HandoffBeforeCommit = "handoff.before_commit"
	HandoffCommitted    = "handoff.committed"
	ProveBeforeCommit   = "prove.before_commit"
	ProveCommitted      = "prove.committed"
	ReplyBeforeCommit   = "reply.before_commit"
	ReplyCommitted      = "reply.committed"
	StatusBeforeCommit  = "status.before_commit"
	StatusCommitted     = "status.committed"
	MailBeforeSend      = "mail.before_send"
	MailSent            = "mail.sent" // accepted by the server, not yet noted
)

// Points are all of them.
var Points = []string{HandoffBeforeCommit, HandoffCommitted, ProveBeforeCommit, ProveCommitted, ReplyBeforeCommit, ReplyCommitted,
	StatusBeforeCommit, StatusCommitted, MailBeforeSend, MailSent}
