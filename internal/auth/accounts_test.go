package auth_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/argon2"

	"guichet/internal/auth"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

const password = "quatre mots à la suite"

// TestInvitation: an admin invites, a letter goes out, and its link sets name and password once.
func TestInvitation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	admin := h.actor(h.signIn("admin@example.com", support.RoleAdmin))
	if err := h.Invite(t.Context(), admin, " Marc@Example.com ", "", support.RoleEditor); err != nil {
		t.Fatal(err)
	}
	letters := h.deliver()
	if len(letters) != 1 || letters[0].Kind != support.MailInvitation || letters[0].To != "marc@example.com" || letters[0].Lang != kb.English ||
		!strings.HasSuffix(letters[0].MessageID, "@example.com") {
		t.Fatalf("letters: %+v", letters)
	}
	if again := h.deliver(); len(again) != 0 {
		t.Errorf("sent twice: %+v", again)
	}
	link := token(t, letters[0])
	a, err := h.Holder(t.Context(), support.PurposeInvitation, link)
	if err != nil || a.Email != "marc@example.com" {
		t.Fatalf("Holder: %+v, %v", a, err)
	}
	// Every wrong field is named, and nothing is spent.
	_, err = h.AcceptInvitation(t.Context(), support.Actor{}, link, " ", "court", kb.French)
	var p *problem.Error
	if !errors.As(err, &p) || len(p.Fields) != 2 || p.Fields[0].Name != "name" || p.Fields[1].Name != "password" {
		t.Errorf("wrong fields: %v", err)
	}
	if h.hashes.Load() != 0 {
		t.Error("a refused password was hashed")
	}
	var in atomic.Int32
	var session support.Token
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			s, err := h.AcceptInvitation(t.Context(), support.Actor{Network: "192.0.2.0/24"}, link, "  Marc \t Petit", password, kb.French)
			if err == nil {
				in.Add(1)
				session = s
			} else if !problem.Is(err, problem.Gone) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Fatalf("%d got in by one invitation", in.Load())
	}
	want := support.Agent{ID: a.ID, Email: "marc@example.com", Name: "Marc Petit", Role: support.RoleEditor}
	if got, err := h.Session(t.Context(), session); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if _, err := h.SignInByPassword(t.Context(), support.Actor{}, "MARC@example.com", password); err != nil {
		t.Errorf("signing in: %v", err)
	}
	if err := h.Invite(t.Context(), admin, "marc@example.com", "", support.RoleAdmin); !problem.Is(err, problem.Conflict) {
		t.Errorf("inviting somebody who has a password: %v, want Conflict", err)
	}
	if got, _ := h.Session(t.Context(), session); got.Role != support.RoleEditor {
		t.Errorf("a refused invitation has made them %s", got.Role)
	}
	if n := h.count(`SELECT count(*) FROM audit WHERE subject = $1 AND action IN ('invited','invitation_taken','sign_in')`, a.ID); n != 3 {
		t.Errorf("%d lines of the audit, want 3", n)
	}
}

func TestInvitationEnds(t *testing.T) {
	t.Parallel()
	h := setup(t)
	admin := h.actor(h.signIn("admin@example.com", support.RoleAdmin))
	for range support.MaxReset {
		if err := h.Invite(t.Context(), admin, "marc@example.com", "Marc", support.RoleAgent); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Invite(t.Context(), admin, "marc@example.com", "Marc", support.RoleAgent); !problem.Is(err, problem.TooMany) {
		t.Errorf("a fourth letter within the hour: %v", err)
	}
	letters := h.deliver()
	if _, err := h.AcceptInvitation(t.Context(), support.Actor{}, token(t, letters[1]), "Marc", password, kb.French); err != nil {
		t.Fatal(err)
	}
	for _, l := range letters { // the others went with it
		if _, err := h.AcceptInvitation(t.Context(), support.Actor{}, token(t, l), "Marc", password, kb.French); !problem.Is(err, problem.Gone) {
			t.Errorf("an older letter: %v, want Gone", err)
		}
	}
	if err := h.Invite(t.Context(), admin, "lise@example.com", "", support.RoleAgent); err != nil {
		t.Fatal(err)
	}
	late := token(t, h.deliver()[0])
	h.forward(support.InvitationTTL)
	if _, err := h.Holder(t.Context(), support.PurposeInvitation, late); !problem.Is(err, problem.Gone) {
		t.Errorf("a week later: %v, want Gone", err)
	}
	for _, c := range []struct{ email, role, field string }{{"lise", "agent", "email"}, {"lise@example.com", "king", "role"}} {
		err := h.Invite(t.Context(), admin, c.email, "", support.Role(c.role))
		var p *problem.Error
		if !errors.As(err, &p) || len(p.Fields) != 1 || p.Fields[0].Name != c.field {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestSameAnswer: whoever guesses learns nothing: not from the answer, nor from the work that it took,
// counted in hashes.
func TestSameAnswer(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.account("ines@example.com", password, support.RoleAgent)
	h.account("gone@example.com", password, support.RoleAgent)
	h.exec(`UPDATE agents SET disabled = true WHERE email = 'gone@example.com'`)
	if err := h.AddAgent(t.Context(), "link@example.com", "", support.RoleAgent); err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for i, c := range []struct{ email, password string }{{"nobody@example.com", password}, {"ines@example.com", "another " + password},
		{"gone@example.com", password}, {"link@example.com", ""}, {"", ""}, {"x", strings.Repeat("long", 1000)}} {
		before := h.hashes.Load()
		session, err := h.SignInByPassword(t.Context(), support.Actor{Network: "192.0.2." + string(rune('0'+i))}, c.email, c.password)
		if !problem.Is(err, problem.Invalid) || session != "" {
			t.Errorf("%q: %q, %v; want Invalid", c.email, session, err)
		} else {
			said[err.Error()] = true
		}
		if n := h.hashes.Load() - before; n != 1 {
			t.Errorf("%q costs %d hashes, want 1", c.email, n)
		}
	}
	if len(said) != 1 {
		t.Errorf("different answers: %v", said)
	}
}

func TestTooManyTries(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.account("ines@example.com", password, support.RoleAgent)
	for _, email := range []string{"ines@example.com", "nobody@example.com"} { // known or not, they wait alike
		from := support.Actor{Network: "203.0.113.0/24"}
		for i := range 5 {
			if _, err := h.SignInByPassword(t.Context(), from, email, "wrong"); !problem.Is(err, problem.Invalid) {
				t.Fatalf("%s, try %d: %v", email, i+1, err)
			}
		}
		before := h.hashes.Load()
		_, err := h.SignInByPassword(t.Context(), from, email, password)
		var p *problem.Error
		if !errors.As(err, &p) || p.Kind != problem.TooMany || p.RetryAfter <= 0 || p.RetryAfter > time.Second {
			t.Errorf("%s: the sixth try: %v", email, err)
		}
		if h.hashes.Load() != before {
			t.Error("a try that is refused costs a hash")
		}
	}
	if _, err := h.SignInByPassword(t.Context(), support.Actor{Network: "198.51.100.0/24"}, "ines@example.com", password); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	// One network at many addresses.
	from, waits := support.Actor{Network: "192.0.2.0/24"}, 0
	for i := range 40 {
		_, err := h.SignInByPassword(t.Context(), from, string(rune('a'+i))+"@example.com", "wrong")
		if problem.Is(err, problem.TooMany) {
			waits++
		}
	}
	if waits != 10 {
		t.Errorf("%d of 40 tries had to wait, want 10", waits)
	}
	// All at once are counted too.
	var passed atomic.Int32
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			if _, err := h.SignInByPassword(t.Context(), support.Actor{Network: "100.64.0.0/24"}, "all@example.com", "wrong"); problem.Is(err, problem.Invalid) {
				passed.Add(1)
			}
		})
	}
	all.Wait()
	if passed.Load() != 5 {
		t.Errorf("%d tries at once were let through, want 5", passed.Load())
	}
}

// TestRehash: a hash with older costs is renewed when its password is next typed.
func TestRehash(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.account("ines@example.com", password, support.RoleAgent)
	old := "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + rawStd(argon2.IDKey([]byte(password), make([]byte, 16), 1, 64, 1, 32))
	h.exec(`UPDATE agents SET password = $1`, old)
	for range 2 {
		if _, err := h.SignInByPassword(t.Context(), support.Actor{}, "ines@example.com", password); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.count(`SELECT count(*) FROM agents WHERE password LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'`); n != 1 {
		t.Error("the hash is as it was")
	}
}

// TestLostPassword: the answer is the same for everybody; the letter's link sets another password once,
// and every session of before ends.
func TestLostPassword(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.account("ines@example.com", password, support.RoleAgent)
	old, err := h.SignInByPassword(t.Context(), support.Actor{}, "ines@example.com", password)
	if err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"nobody@example.com", "ines@example.com", "Ines@Example.com"} {
		if err := h.AskReset(t.Context(), support.Actor{Network: "192.0.2.0/24"}, email); err != nil {
			t.Errorf("%s: %v", email, err)
		}
	}
	letters := h.deliver()
	if len(letters) != 2 || letters[0].Kind != support.MailReset || letters[0].To != "ines@example.com" || letters[0].Lang != kb.French {
		t.Fatalf("letters: %+v", letters)
	}
	link := token(t, letters[0])
	if _, err := h.AcceptInvitation(t.Context(), support.Actor{}, link, "Eve", password, kb.French); !problem.Is(err, problem.NotFound) {
		t.Errorf("a reset taken for an invitation: %v", err)
	}
	if _, err := h.ResetPassword(t.Context(), support.Actor{}, link, "ines@example.com"); !problem.Is(err, problem.Invalid) {
		t.Errorf("a password that is the address: %v", err)
	}
	session, err := h.ResetPassword(t.Context(), support.Actor{}, link, "un tout autre mot")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Session(t.Context(), session); err != nil {
		t.Errorf("the new session: %v", err)
	}
	if _, err := h.Session(t.Context(), old); !problem.Is(err, problem.Unauthorized) {
		t.Errorf("a session of before: %v", err)
	}
	for _, l := range letters {
		if _, err := h.ResetPassword(t.Context(), support.Actor{}, token(t, l), "encore un autre mot"); !problem.Is(err, problem.Gone) {
			t.Errorf("a second time: %v, want Gone", err)
		}
	}
	if _, err := h.SignInByPassword(t.Context(), support.Actor{}, "ines@example.com", password); !problem.Is(err, problem.Invalid) {
		t.Errorf("the old password: %v", err)
	}
	if _, err := h.SignInByPassword(t.Context(), support.Actor{}, "ines@example.com", "un tout autre mot"); err != nil {
		t.Errorf("the new password: %v", err)
	}
	// Three an hour and address, whoever asks; nobody is told of it.
	for i := range 5 {
		if err := h.AskReset(t.Context(), support.Actor{Network: "198.51.100." + string(rune('0'+i))}, "ines@example.com"); err != nil {
			t.Error(err)
		}
	}
	if n := len(h.deliver()); n != support.MaxReset-2 {
		t.Errorf("%d more letters, want %d", n, support.MaxReset-2)
	}
	for range 20 {
		err = h.AskReset(t.Context(), support.Actor{Network: "203.0.113.0/24"}, "who@example.com")
	}
	if !problem.Is(err, problem.TooMany) {
		t.Errorf("one network again and again: %v", err)
	}
	h.forward(2 * time.Hour)
	if err := h.AskReset(t.Context(), support.Actor{}, "ines@example.com"); err != nil {
		t.Fatal(err)
	}
	late := token(t, h.deliver()[0])
	h.forward(support.ResetTTL)
	if _, err := h.ResetPassword(t.Context(), support.Actor{}, late, "encore un autre mot"); !problem.Is(err, problem.Gone) {
		t.Errorf("an hour later: %v, want Gone", err)
	}
}

func TestOwnAccount(t *testing.T) {
	t.Parallel()
	h := setup(t)
	here := h.account("ines@example.com", password, support.RoleAgent)
	there, err := h.SignInByPassword(t.Context(), support.Actor{Network: "2001:db8::/64"}, "ines@example.com", password)
	if err != nil {
		t.Fatal(err)
	}
	ines := h.actor(here)
	a, sessions, err := h.Account(t.Context(), ines)
	if err != nil || a.Lang != kb.French || len(sessions) != 2 || sessions[0].Network != "2001:db8::/64" || string(sessions[1].Hash) != string(here.Hash()) {
		t.Errorf("%+v, %+v, %v", a, sessions, err)
	}
	if err := h.ChangePassword(t.Context(), ines, here, "wrong", "court"); !problem.Is(err, problem.Invalid) || !strings.Contains(err.Error(), "desk.password.wrong_current") || !strings.Contains(err.Error(), "desk.password.short") {
		t.Errorf("both wrong: %v", err)
	}
	if err := h.ChangePassword(t.Context(), ines, here, password, "un tout autre mot"); err != nil {
		t.Fatal(err)
	}
	alive := func(s support.Token) bool { _, err := h.Session(t.Context(), s); return err == nil }
	if !alive(here) || alive(there) {
		t.Errorf("after a change of password: here %t, there %t", alive(here), alive(there))
	}
	if there, err = h.SignInByPassword(t.Context(), support.Actor{}, "ines@example.com", "un tout autre mot"); err != nil {
		t.Fatal(err)
	}
	if err := h.SignOutElsewhere(t.Context(), ines, here); err != nil || !alive(here) || alive(there) {
		t.Errorf("signed out elsewhere: %v, here %t, there %t", err, alive(here), alive(there))
	}
	if err := h.SetLang(t.Context(), ines, kb.Polish); !problem.Is(err, problem.Invalid) {
		t.Errorf("Polish: %v", err)
	}
	if err := h.SetLang(t.Context(), ines, kb.English); err != nil {
		t.Error(err)
	}
	if a, _, _ := h.Account(t.Context(), ines); a.Lang != kb.English {
		t.Errorf("the language is %q", a.Lang)
	}
}

// TestDisabled: whoever is disabled is out at once, whatever they hold, and gets nothing of it back.
func TestDisabled(t *testing.T) {
	t.Parallel()
	h := setup(t)
	admin := h.actor(h.signIn("admin@example.com", support.RoleAdmin))
	session := h.account("ines@example.com", password, support.RoleAgent)
	ines := h.actor(session)
	if err := h.AskReset(t.Context(), support.Actor{}, "ines@example.com"); err != nil {
		t.Fatal(err)
	}
	reset := token(t, h.deliver()[0])
	link, err := h.SignInToken(t.Context(), "ines@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.SetDisabled(t.Context(), admin, ines.Agent.ID, true); err != nil {
		t.Fatal(err)
	}
	for _, disabled := range []bool{true, false} {
		if _, err := h.Session(t.Context(), session); !problem.Is(err, problem.Unauthorized) {
			t.Errorf("the session: %v", err)
		}
		if _, err := h.ResetPassword(t.Context(), support.Actor{}, reset, "un tout autre mot"); !problem.Is(err, problem.Gone) {
			t.Errorf("a reset: %v", err)
		}
		if _, err := h.SignIn(t.Context(), support.Actor{}, link); !problem.Is(err, problem.Gone) {
			t.Errorf("a link: %v", err)
		}
		if disabled {
			if err := h.AskReset(t.Context(), support.Actor{}, "ines@example.com"); err != nil || len(h.deliver()) != 0 {
				t.Errorf("asking for a reset: %v", err)
			}
			if _, err := h.SignInByPassword(t.Context(), support.Actor{}, "ines@example.com", password); !problem.Is(err, problem.Invalid) {
				t.Errorf("the password: %v", err)
			}
			if err := h.SetDisabled(t.Context(), admin, ines.Agent.ID, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := h.SignInByPassword(t.Context(), support.Actor{}, "ines@example.com", password); err != nil {
		t.Errorf("enabled again: %v", err)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	h := setup(t)
	admin := h.actor(h.signIn("admin@example.com", support.RoleAdmin))
	other := h.actor(h.signIn("other@example.com", support.RoleAdmin))
	editor := h.actor(h.signIn("editor@example.com", support.RoleEditor))
	for name, actor := range map[string]support.Actor{"guest": {}, "editor": editor} {
		for what, err := range map[string]error{
			"Invite":      h.Invite(t.Context(), actor, "x@example.com", "", support.RoleAdmin),
			"SetRole":     h.SetRole(t.Context(), actor, other.Agent.ID, support.RoleAgent),
			"SetDisabled": h.SetDisabled(t.Context(), actor, other.Agent.ID, true),
			"Accounts":    func() error { _, err := h.Accounts(t.Context(), actor); return err }(),
		} {
			if !problem.Is(err, problem.Forbidden) {
				t.Errorf("%s as %s: %v, want Forbidden", what, name, err)
			}
		}
	}
	if err := h.SetRole(t.Context(), admin, admin.Agent.ID, support.RoleAgent); !problem.Is(err, problem.Conflict) {
		t.Errorf("one's own role: %v, want Conflict", err)
	}
	if err := h.SetDisabled(t.Context(), admin, admin.Agent.ID, true); !problem.Is(err, problem.Conflict) {
		t.Errorf("disabling oneself: %v, want Conflict", err)
	}
	// Two admins who take each other's role at once: one is left.
	var all sync.WaitGroup
	var done atomic.Int32
	for _, c := range [][2]support.Actor{{admin, other}, {other, admin}} {
		all.Go(func() {
			err := h.SetRole(t.Context(), c[0], c[1].Agent.ID, support.RoleAgent)
			if err == nil {
				done.Add(1)
			} else if !problem.Is(err, problem.Forbidden) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := h.count(`SELECT count(*) FROM agents WHERE role = 'admin'`); n != 1 || done.Load() != 1 {
		t.Errorf("%d admins are left, %d have done it", n, done.Load())
	}
	var detail string
	if err := h.db.Pool().QueryRow(t.Context(), `SELECT detail FROM audit WHERE action = 'role_changed'`).Scan(&detail); err != nil || detail != "admin → agent" {
		t.Errorf("the audit says %q, %v", detail, err)
	}
}

func TestInviteLink(t *testing.T) {
	t.Parallel()
	h := setup(t)
	link, err := h.InviteLink(t.Context(), "ines@example.com", "Inès", support.RoleAgent)
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := h.db.Accounts(t.Context(), time.Now())
	if err != nil || len(accounts) != 1 || !accounts[0].Invited {
		t.Errorf("%+v, %v", accounts, err)
	}
	session, err := h.AcceptInvitation(t.Context(), support.Actor{}, link, "Inès", password, kb.German)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.InviteLink(t.Context(), "ines@example.com", "", support.RoleAdmin)
	if err != nil || again != "" {
		t.Errorf("somebody who has a password: %q, %v", again, err)
	}
	if a, err := h.Session(t.Context(), session); err != nil || a.Role != support.RoleAdmin {
		t.Errorf("the role is %s, %v", a.Role, err)
	}
	accounts, err = h.db.Accounts(t.Context(), time.Now())
	if diff := cmp.Diff(kb.English, accounts[0].Lang); diff != "" || err != nil || accounts[0].Invited {
		t.Errorf("%+v, %v", accounts, err)
	}
}

var _ auth.Mailer = (*house)(nil)
