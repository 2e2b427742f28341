package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"guichet/internal/app"
	"guichet/internal/publish"
	"guichet/internal/support"
	"guichet/kb"
)

// print writes v as JSON where --json is set, else what text does.
func (e *env) print(v any, text func()) error {
	if !e.json {
		text()
		return nil
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(v)
}

type serveCmd struct{}

func (serveCmd) Run(e *env) error { return app.Serve(e.ctx, e.cfg, e.log, os.Stdout) }

type migrateCmd struct{}

func (migrateCmd) Run(e *env) error {
	d, err := app.Beside(e.ctx, e.cfg, e.log)
	if err != nil {
		return err
	}
	defer d.Close()
	fmt.Println("the schema is up to date")
	return nil
}

type importCmd struct {
	Paths   []string `arg:"" name:"path" help:"Markdown folders and files, and JSONL files."`
	Publish bool     `help:"Publish what is imported."`
	Prune   bool     `help:"Unpublish published articles that the import does not hold."`
}

func (c *importCmd) Run(e *env) (err error) {
	articles, collections, err := app.ReadImports(c.Paths)
	if err != nil {
		return err
	}
	d, err := app.Beside(e.ctx, e.cfg, e.log)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Publish.SaveCollections(e.ctx, collections); err != nil {
		return err
	}
	o := publish.ImportOptions{Publish: c.Publish, Prune: c.Prune, Author: "import", Progress: progress("imported")}
	r, err := d.Publish.Import(e.ctx, articles, o)
	if printed := e.print(r, func() {
		fmt.Printf("%d new, %d changed, %d unchanged, %d published, %d unpublished, %d refused\n",
			r.New, r.Changed, r.Unchanged, r.Published, r.Unpublished, len(r.Refused))
		for _, x := range r.Refused {
			fmt.Printf("refused %s: %s\n", x.ID, x.Cause)
		}
	}); printed != nil {
		return printed
	}
	if err == nil && len(r.Refused) > 0 {
		err = fmt.Errorf("%d of %d articles were refused", len(r.Refused), len(articles))
	}
	return err
}

// watched reports whether somebody sees what goes to standard error as it comes.
func watched() bool {
	info, err := os.Stderr.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// progress shows how far long work is, where somebody watches.
func progress(verb string) func(done, total int) {
	if !watched() {
		return nil
	}
	return func(done, total int) {
		fmt.Fprintf(os.Stderr, "\r%s %d of %d", verb, done, total)
		if done == total {
			fmt.Fprintln(os.Stderr)
		}
	}
}

type exportCmd struct {
	Dir string `arg:"" help:"Folder to write into; made if missing."`
}

func (c *exportCmd) Run(e *env) error {
	d, err := app.Beside(e.ctx, e.cfg, e.log)
	if err != nil {
		return err
	}
	defer d.Close()
	n, err := d.Export(e.ctx, c.Dir)
	if err != nil {
		return err
	}
	return e.print(map[string]int{"articles": n}, func() { fmt.Printf("%d articles written to %s\n", n, c.Dir) })
}

type articleCmd struct {
	List      articleListCmd   `cmd:"" help:"List articles."`
	Publish   articlePublish   `cmd:"" help:"Publish the latest version of articles."`
	Unpublish articleUnpublish `cmd:"" help:"Take articles from members; they are never cited again."`
	Delete    articleDelete    `cmd:"" help:"Delete articles with all their versions."`
}

type articleListCmd struct {
	Lang       string `help:"Only of this language."`
	Collection string `help:"Only of this collection."`
	Status     string `help:"Only draft, published or unpublished."`
}

func (c *articleListCmd) Run(e *env) error {
	f := publish.Filter{Collection: kb.CollectionKey(c.Collection), Status: kb.Status(c.Status)}
	if c.Lang != "" {
		l, err := kb.ParseLang(c.Lang)
		if err != nil {
			return err
		}
		f.Lang = l
	}
	d, err := app.Beside(e.ctx, e.cfg, e.log)
	if err != nil {
		return err
	}
	defer d.Close()
	listed, err := d.Publish.Articles(e.ctx, f)
	if err != nil {
		return err
	}
	type row struct {
		ID         kb.ArticleID     `json:"id"`
		Group      kb.GroupID       `json:"group"`
		Lang       kb.Lang          `json:"lang"`
		Slug       string           `json:"slug"`
		Collection kb.CollectionKey `json:"collection"`
		Title      string           `json:"title"`
		Status     kb.Status        `json:"status"`
		Live       int              `json:"live,omitempty"`
		Latest     int              `json:"latest"`
	}
	rows := make([]row, 0, len(listed))
	for _, l := range listed {
		a := l.Article
		rows = append(rows, row{a.ID, a.Group, a.Lang, a.Slug, a.Collection, a.Title, l.Status, l.Live, l.Latest})
	}
	return e.print(rows, func() {
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		for _, r := range rows {
			fmt.Fprintf(w, "%s\t%s\t%s\tv%d\t%s\n", r.ID, r.Lang, r.Status, r.Latest, r.Title)
		}
		w.Flush()
		if len(rows) == 0 {
			fmt.Println("no articles; guichet import PATH --publish brings some")
		}
	})
}

type articleIDs struct {
	IDs []kb.ArticleID `arg:"" name:"id" help:"Articles."`
}

func (c articleIDs) each(e *env, did string, do func(*app.Commands, kb.ArticleID) error) error {
	d, err := app.Beside(e.ctx, e.cfg, e.log)
	if err != nil {
		return err
	}
	defer d.Close()
	var errs []error
	done := []kb.ArticleID{}
	for _, id := range c.IDs {
		if err := do(d, id); err != nil {
			errs = append(errs, err)
			continue
		}
		done = append(done, id)
	}
	return errors.Join(e.print(map[string]any{did: done}, func() {
		for _, id := range done {
			fmt.Println(did, id)
		}
	}), errors.Join(errs...))
}

type articlePublish struct{ articleIDs }

func (c *articlePublish) Run(e *env) error {
	return c.each(e, "published", func(d *app.Commands, id kb.ArticleID) error { return d.Publish.Publish(e.ctx, id) })
}

type articleUnpublish struct{ articleIDs }

func (c *articleUnpublish) Run(e *env) error {
	return c.each(e, "unpublished", func(d *app.Commands, id kb.ArticleID) error { return d.Publish.Unpublish(e.ctx, id) })
}

type articleDelete struct{ articleIDs }

func (c *articleDelete) Run(e *env) error {
	return c.each(e, "deleted", func(d *app.Commands, id kb.ArticleID) error { return d.Publish.Delete(e.ctx, id) })
}

type agentCmd struct {
	Add  agentAdd  `cmd:"" help:"Add somebody, or change their role, and print their invitation link, good for a week."`
	Link agentLink `cmd:"" help:"Print a one-time sign-in link, good for an hour."`
	List agentList `cmd:"" help:"List people with what they take on."`
	Set  agentSet  `cmd:"" help:"Say what somebody takes on, or whether they may sign in."`
}

type agentAdd struct {
	Email string `arg:"" help:"Their e-mail address."`
	Name  string `help:"Their name as members see it."`
	Role  string `default:"agent" enum:"agent,editor,admin" help:"agent, editor or admin."`
}

func (c *agentAdd) Run(e *env) error {
	d, err := app.Beside(e.ctx, e.cfg, e.log)
	if err != nil {
		return err
	}
	defer d.Close()
	link, err := d.Invite(e.ctx, c.Email, c.Name, support.Role(c.Role))
	return e.printLink(link, err)
}

type agentLink struct {
	Email string `arg:"" help:"Their e-mail address."`
}

func (c *agentLink) Run(e *env) error {
	d, err := app.Beside(e.ctx, e.cfg, e.log)
	if err != nil {
		return err
	}
	defer d.Close()
	return e.link(d, c.Email)
}

func (e *env) link(d *app.Commands, email string) error {
	return e.printLink(d.SignInLink(e.ctx, email))
}

func (e *env) printLink(link string, err error) error {
	if err != nil {
		return err
	}
	return e.print(map[string]string{"link": link}, func() { fmt.Println(link) })
}
