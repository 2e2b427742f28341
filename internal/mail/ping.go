package mail

import (
	"context"
	"fmt"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Ping says hello to the server of an SMTP address and leaves; encrypted is whether mails to it would
// be. An error is one sentence without the password.
func Ping(ctx context.Context, url string) (encrypted bool, err error) {
	s, err := parseURL(url)
	if err != nil {
		return false, err
	}
	client, err := gomail.NewClient(s.host, s.options(5*time.Second)...)
	if err != nil {
		return false, fmt.Errorf("the mail server %s cannot be used: %w", s.host, err)
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return false, fmt.Errorf("the mail server %s does not answer: %w", s.host, err)
	}
	_, encrypted = conn.TLSConnectionState()
	client.CloseWithSMTPClient(conn)
	return encrypted, nil
}
