package mail_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guichet/internal/mail"
	"guichet/internal/mail/mailtest"
	"guichet/internal/site"
	"guichet/kb"
)

// TestTryMail holds each cause against a real server that behaves so.
func TestTryMail(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil) // for its certificate, which nobody has signed
	t.Cleanup(web.Close)
	guarded := mailtest.Config{User: "aide", Password: "sesame"}
	for _, test := range []struct {
		name   string
		server mailtest.Config
		manner mailtest.Manner
		url    string // %s is the server's address
		cause  string // "": it arrives
		said   string
	}{
		{"Arrives", mailtest.Config{}, mailtest.Accept, "smtp://%s?tls=none", "", ""},
		{"Password", guarded, mailtest.Accept, "smtp://aide:sesame@%s?tls=none", "", ""},
		{"WrongPassword", guarded, mailtest.Accept, "smtp://aide:open@%s?tls=none", site.MailPassword, ""},
		{"NoPassword", guarded, mailtest.Accept, "smtp://%s?tls=none", site.MailSender, ""},
		{"Refused", mailtest.Config{}, mailtest.Accept, "smtp://127.0.0.1:1?tls=none", site.MailRefused, "connection refused"},
		{"NoHost", mailtest.Config{}, mailtest.Accept, "smtp://mail.invalid:25?tls=none", site.MailNoHost, ""},
		{"Silent", mailtest.Config{}, mailtest.Hang, "smtp://%s?tls=none", site.MailSilent, ""},
		{"Certificate", mailtest.Config{TLS: web.TLS}, mailtest.Accept, "smtp://%s?tls=required", site.MailCertificate, "certificate"},
		{"NoTLS", mailtest.Config{}, mailtest.Accept, "smtp://%s?tls=required", site.MailNoTLS, ""},
		{"NoTLSFromTheFirstByte", mailtest.Config{}, mailtest.Accept, "smtps://%s", site.MailNoTLS, ""},
		{"Sender", mailtest.Config{}, mailtest.RefuseSender, "smtp://%s?tls=none", site.MailSender, "550 5.7.1 not from you"},
		{"Recipient", mailtest.Config{}, mailtest.RefuseRecipient, "smtp://%s?tls=none", site.MailRecipient, "550 5.1.1 nobody of that name"},
		{"Message", mailtest.Config{}, mailtest.RefuseMessage, "smtp://%s?tls=none", site.MailOther, "554 5.6.0 not this"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, test.server)
			server.Behave(test.manner)
			limit := 20 * time.Second
			if test.manner == mailtest.Hang {
				limit = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			m := site.MailServer{URL: strings.ReplaceAll(test.url, "%s", server.Address()), From: "aide@example.com", Name: "Centre d’aide"}
			err := mail.Tester{Words: mailtest.Words{}}.TryMail(ctx, m, "camille@example.org", kb.French)
			var f *site.MailFailure
			if test.cause == "" {
				if err != nil {
					t.Fatal(err)
				}
				if got := server.Messages(); len(got) != 1 || got[0].From != "aide@example.com" || got[0].To[0] != "camille@example.org" ||
					!strings.Contains(string(got[0].Raw), "desk.settings.test_text") {
					t.Errorf("arrived: %q", got)
				}
				return
			}
			if !errors.As(err, &f) || f.Cause != test.cause || !strings.Contains(f.Said, test.said) {
				t.Errorf("%v, want %s: %s", err, test.cause, test.said)
			}
			if strings.Contains(err.Error(), "sesame") || strings.Contains(err.Error(), "open@") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}
