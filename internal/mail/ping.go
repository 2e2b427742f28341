package mail

import (
	"context"
	"fmt"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Ping says hello to the server of an SMTP address and leaves. An error is one sentence without the
// password.
func Ping(ctx context.Context, url string) error {
	s, err := parseURL(url)
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(s.host, s.options(5*time.Second)...)
	if err != nil {
		return fmt.Errorf("the mail server %s cannot be used: %w", s.host, err)
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("the mail server %s does not answer: %w", s.host, err)
	}
	client.CloseWithSMTPClient(conn)
	return nil
}
