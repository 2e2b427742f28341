// Command guichet is a self-hosted help center that answers first and hands over well.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // promises are counted in IANA zones, also where the system has none

	"github.com/alecthomas/kong"

	"guichet/internal/config"
	"guichet/internal/observe"
)

type cli struct {
	config.Settings

	JSON bool `name:"json" help:"Print JSON."`

	Serve   serveCmd   `cmd:"" default:"1" help:"Run the help center."`
	Migrate migrateCmd `cmd:"" help:"Bring the database's schema up to date."`
	Import  importCmd  `cmd:"" help:"Import articles from Markdown folders and JSONL files."`
	Export  exportCmd  `cmd:"" help:"Write every article as Markdown into a folder."`
	Article articleCmd `cmd:"" help:"List, publish, unpublish or delete articles."`
	Search  searchCmd  `cmd:"" help:"Search the articles."`
	Ask     askCmd     `cmd:"" help:"Ask a question."`
	Replay  replayCmd  `cmd:"" help:"Answer an old answer's question again, from that day's articles and from today's."`
	Eval    evalCmd    `cmd:"" help:"Measure retrieval on judged questions, in a throw-away database."`
	Reindex reindexCmd `cmd:"" help:"Build the word index anew from the database."`
	Backup  backupCmd  `cmd:"" help:"Write the whole database and its key into a folder, also while guichet runs."`
	Restore restoreCmd `cmd:"" help:"Restore a backup into an empty database."`
	Doctor  doctorCmd  `cmd:"" help:"Check this installation, one sentence a check."`
	Agent   agentCmd   `cmd:"" help:"Add people who work here, print a sign-in link, or say what each takes on."`

	Team        teamCmd        `cmd:"" help:"List teams, or make and change them."`
	Calendar    calendarCmd    `cmd:"" help:"List calendars, make and change them, or import holidays."`
	Category    categoryCmd    `cmd:"" help:"List the categories of requests, or make and change them."`
	IdentityKey identityKeyCmd `cmd:"" help:"Add, list or revoke the keys by which sites vouch for their members."`
	APIKey      apiKeyCmd      `cmd:"" name:"api-key" help:"Add, list or revoke the keys by which sites' servers call the host API."`
}

// env is what every command gets.
type env struct {
	ctx  context.Context
	cfg  config.Checked
	log  *slog.Logger
	json bool
}

func main() {
	var c cli
	parsed := kong.Parse(&c, kong.Name("guichet"), kong.Description("A help center that answers first and hands over well."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := c.Settings.Check()
	if err == nil {
		err = parsed.Run(&env{ctx: ctx, cfg: cfg, log: observe.Logger(cfg.LogLevel), json: c.JSON})
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "guichet:", err)
		os.Exit(1)
	}
}
