//go:build failpoints

package killtest

import (
	"context"
	"log/slog"
	"os"
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

// Main is the main of a program that is killed: it does something that promises a mail, and works the
// jobs until one is delivered. DATABASE_URL and SMTP_URL say where.
func Main(do func(context.Context, *handoff.Service, *desk.Service) error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(log, do); err != nil {
		log.Error(err.Error())
		os.Exit(1)
	}
}

func run(log *slog.Logger, do func(context.Context, *handoff.Service, *desk.Service) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := postgres.Open(ctx, postgres.Config{URL: os.Getenv("DATABASE_URL")})
	if err != nil {
		return err
	}
	defer db.Close()
	routes, err := db.Routing(ctx)
	if err != nil {
		return err
	}
	mailer, err := mail.New(mail.Config{URL: os.Getenv("SMTP_URL"), From: "aide@example.com", Words: mailtest.Words{}})
	if err != nil {
		return err
	}
	h := handoff.New(handoff.Config{Store: db, Routing: &routes, Mailer: mailer, Links: links{}, MailDomain: "example.com", Log: log,
		Teams: team{}, DeskLink: func(support.TicketID) string { return "https://help.example/desk" }})
	d := desk.New(desk.Config{Store: db, Routing: &routes, Mailer: mailer, Links: links{}, MailDomain: "example.com", Zone: time.UTC, Log: log})
	if err := do(ctx, h, d); err != nil {
		return err
	}

	working, stop := context.WithCancel(ctx)
	defer stop()
	runner, err := jobs.New(jobs.Config{Pool: db.Pool(), Handoff: requests{h, stop}, Desk: tickets{d, stop},
		Publish: publish.New(publish.Config{Store: db, Log: log}), Auth: auth.New(auth.Config{Store: db}),
		Members: auth.NewMembers(auth.MembersConfig{Store: db}), Proofs: abuse.New(abuse.Config{Store: db, Log: log}),
		Guard: handoff.NewGuard(handoff.GuardConfig{Store: db, Log: log}), Files: attach.New(attach.Config{Store: db, Blobs: db, Log: log}),
		Answers: db, Log: log, Timeout: 2 * time.Second})
	if err != nil {
		return err
	}
	if err := runner.Run(working); err != nil {
		return err
	}
	return ctx.Err()
}

// requests and tickets are the services, and tell when a mail is delivered.
type requests struct {
	*handoff.Service
	told func()
}

type tickets struct {
	*desk.Service
	told func()
}

func (r requests) Deliver(ctx context.Context, id support.MailID) error {
	err := r.Service.Deliver(ctx, id)
	if err == nil {
		r.told()
	}
	return err
}

func (t tickets) Deliver(ctx context.Context, id support.MailID) error {
	err := t.Service.Deliver(ctx, id)
	if err == nil {
		t.told()
	}
	return err
}

// team is told of every ticket.
type team struct{}

func (team) TeamAddress(context.Context, support.Ticket) (string, bool, error) {
	return "equipe@example.com", true, nil
}

type links struct{}

func (links) Ticket(lang kb.Lang, link, proof support.Token) string {
	return "https://help.example/" + string(lang) + "/requests/" + string(link) + "?proof=" + string(proof)
}
