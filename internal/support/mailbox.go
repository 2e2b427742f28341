package support

import "time"

// LocalMail is one mail that went to the local mailbox because no SMTP server is set.
type LocalMail struct {
	MessageID string
	Recipient string
	Subject   string
	Raw       []byte // RFC 5322
	CreatedAt time.Time
}
