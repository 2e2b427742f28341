//go:build failpoints

// Command failtest does one thing that an agent does to a ticket, a reply or a change of status, and
// works the jobs until its mail is delivered, so that a test can kill it on the way. DATABASE_URL,
// SMTP_URL, FAILTEST_DO, FAILTEST_TICKET and FAILTEST_AGENT say where and what.
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
	d := desk.New(desk.Config{Store: db, Routing: routes, Mailer: mailer, Links: links{}, MailDomain: "example.com", Zone: time.UTC, Log: log})
	agent := support.Actor{Agent: &support.Agent{ID: support.AgentID(os.Getenv("FAILTEST_AGENT")), Role: support.RoleAgent}}
	ticket := support.TicketID(os.Getenv("FAILTEST_TICKET"))
	switch do := os.Getenv("FAILTEST_DO"); do {
	case "reply":
		err = d.Reply(ctx, agent, ticket, "press-of-one-button", "Il arrive demain.", support.StatusWaitingMember, false)
	case "status":
		err = d.SetStatus(ctx, agent, ticket, support.StatusSolved)
	default:
		err = fmt.Errorf("FAILTEST_DO is %q", do)
	}
	if err != nil {
		return err
	}
	told := &told{Service: d, delivered: make(chan struct{})}
	runner, err := jobs.New(jobs.Config{Pool: db.Pool(), Publish: publish.New(publish.Config{Store: db, Log: log}),
		Handoff: handoff.New(handoff.Config{Store: db, Routing: routes, Mailer: mailer, Log: log}), Desk: told, Auth: auth.New(auth.Config{Store: db}), Members: auth.NewMembers(auth.MembersConfig{Store: db}), Proofs: abuse.New(abuse.Config{Store: db, Log: log}),
		Guard: handoff.NewGuard(handoff.GuardConfig{Store: db, Log: log}), Files: attach.New(attach.Config{Store: db, Blobs: db, Log: log}),
		Answers: db, Log: log, Timeout: 2 * time.Second})
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

// told is the service, and tells when a mail is delivered.
type told struct {
	*desk.Service
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

type links struct{}

func (links) Ticket(lang kb.Lang, link, _ support.Token) string {
	return "https://help.example/" + string(lang) + "/requests/" + string(link)
}
