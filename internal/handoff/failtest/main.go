//go:build failpoints

// Command failtest does one handoff and works the jobs until its confirmation is delivered, so that
// a test can kill it on the way. DATABASE_URL, SMTP_URL and FAILTEST_CLIENT_ID say where and what.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"guichet/internal/abuse"
	"guichet/internal/attach"
	"guichet/internal/auth"
	"guichet/internal/desk"
	"guichet/internal/handoff"
	"guichet/internal/jobs"
	"guichet/internal/mail"
	"guichet/internal/mail/mailtest"
	"guichet/internal/postgres"
	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/internal/support"
	"guichet/kb"
)

func main() {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(log); err != nil {
		log.Error(err.Error())
		os.Exit(1)
	}
}

func run(log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := postgres.Open(ctx, postgres.Config{URL: os.Getenv("DATABASE_URL")})
	if err != nil {
		return err
	}
	defer db.Close()
	state, err := db.Routing(ctx)
	if err != nil {
		return err
	}
	routes := &state
	mailer, err := mail.New(mail.Config{URL: os.Getenv("SMTP_URL"), From: "aide@example.com", Words: mailtest.Words{}})
	if err != nil {
		return err
	}
	h := handoff.New(handoff.Config{Store: db, Routing: routes, Mailer: mailer, Links: links{}, MailDomain: "example.com", Log: log,
		Teams: team{}, DeskLink: func(support.TicketID) string { return "https://help.example/desk" }})
	switch do := os.Getenv("FAILTEST_DO"); do {
	case "start":
		_, err = h.Start(ctx, handoff.Request{ClientID: os.Getenv("FAILTEST_CLIENT_ID"), Channel: support.ChannelEmail, Category: "order",
			Email: "camille@example.org", Text: "Mon colis n’est pas arrivé.", Lang: kb.French})
	case "prove":
		if _, err = h.Prove(ctx, support.Token(os.Getenv("FAILTEST_PROOF"))); problem.Is(err, problem.Gone) { // pressed again: it was spent
			err = nil
		}
	default:
		err = fmt.Errorf("FAILTEST_DO is %q", do)
	}
	if err != nil {
		return err
	}
	told := &told{Service: h, delivered: make(chan struct{})}
	runner, err := jobs.New(jobs.Config{Pool: db.Pool(), Publish: publish.New(publish.Config{Store: db, Log: log}), Handoff: told,
		Desk: desk.New(desk.Config{Store: db, Routing: routes, Log: log}), Auth: auth.New(auth.Config{Store: db}), Members: auth.NewMembers(auth.MembersConfig{Store: db}), Proofs: abuse.New(abuse.Config{Store: db, Log: log}),
		Guard: handoff.NewGuard(handoff.GuardConfig{Store: db, Log: log}), Files: attach.New(attach.Config{Store: db, Blobs: db, Log: log}), Answers: db, Log: log, Timeout: 2 * time.Second})
	if err != nil {
		return err
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-told.delivered:
		case <-ctx.Done():
		}
		stop()
	}()
	if err := runner.Run(working); err != nil {
		return err
	}
	return ctx.Err()
}

// told is the service, and tells when a confirmation is delivered.
type told struct {
	*handoff.Service
	once      sync.Once
	delivered chan struct{}
}

func (t *told) Deliver(ctx context.Context, id support.MailID) error {
	err := t.Service.Deliver(ctx, id)
	if err == nil {
		t.once.Do(func() { close(t.delivered) })
	}
	return err
}

type team struct{}

func (team) TeamAddress(context.Context, support.Ticket) (string, bool, error) {
	return "equipe@example.com", true, nil
}

type links struct{}

func (links) Ticket(lang kb.Lang, link, proof support.Token) string {
	return "https://help.example/" + string(lang) + "/requests/" + string(link) + "?proof=" + string(proof)
}
