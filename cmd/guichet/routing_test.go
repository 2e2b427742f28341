package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRoutingCommands makes a calendar, a team and a category, and says what an agent takes on, beside a
// running server and without one.
func TestRoutingCommands(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"), "EMBEDDINGS_URL=off", "GUICHET_STARTER=none")
	does := func(args ...string) string {
		t.Helper()
		out, err := s.run(t, args...)
		if err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
		return out
	}
	first := func(args ...string) map[string]string {
		t.Helper()
		var f map[string]string
		if err := json.Unmarshal([]byte(does(append(args, "--json")...)), &f); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return f
	}
	list := func(what, name, key string) map[string]string {
		t.Helper()
		var forms []map[string]string
		if err := json.Unmarshal([]byte(does(what, "list", "--json")), &forms); err != nil {
			t.Fatal(err)
		}
		for _, f := range forms {
			if f[name] == key {
				return f
			}
		}
		t.Fatalf("%s list lacks %s: %v", what, key, forms)
		return nil
	}
	if f := first("calendar", "set", "night", "--name", "Night", "--time-zone", "Europe/Warsaw", "--weekly", "Mon-Fri 20:00-02:00", "--weekly", "Sat 10-12, 14-18",
		"--holiday", "2030-12-25 Christmas"); !strings.Contains(f["weekly"], "Friday 20:00-02:00\nSaturday 10:00-12:00, 14:00-18:00\nSunday closed") {
		t.Errorf("calendar set: %v", f)
	}
	does("calendar", "set", "night", "--name", "By night")
	if f := list("calendar", "id", "night"); f["name"] != "By night" || f["holidays"] != "2030-12-25 Christmas" || f["zone"] != "Europe/Warsaw" {
		t.Errorf("calendar list: %v", f)
	}
	does("team", "set", "orders", "--name", "Orders", "--email", "orders@example.org", "--notify", "--channel", "chat=night:fr,pl", "--channel", "email=default:all")
	if f := list("team", "id", "orders"); f["chat_calendar"] != "night" || f["chat_langs"] != "fr pl" || f["email_on"] != "1" || f["notify"] != "1" {
		t.Errorf("team list: %v", f)
	}
	does("team", "set", "orders", "--without", "chat", "--no-notify")
	if f := list("team", "id", "orders"); f["chat_on"] != "" || f["notify"] != "" || f["name"] != "Orders" {
		t.Errorf("team list: %v", f)
	}
	does("category", "set", "gift", "--team", "orders", "--priority", "high", "--first-answer", "4.5", "--contact-first", "--field", "kind:choice:required:card,box",
		"--field", "amount:amount", "--text", "en.label=A gift", "--text", "en.field.kind=Kind", "--text", "en.choice.card=Card", "--text", "en.choice.box=Box")
	if f := list("category", "key", "gift"); f["team"] != "orders" || f["first_answer"] != "4.5" || f["field_0_required"] != "1" || f["field_0_choices"] != "card box" ||
		f["field_1_type"] != "amount" || f["contact_first"] != "1" || f["text_en_choice_box"] != "Box" || f["position"] != "9" {
		t.Errorf("category list: %v", f)
	}
	if out := does("category", "list"); !strings.Contains(out, "A gift") || !strings.Contains(out, "Refund") {
		t.Errorf("category list: %s", out)
	}
	does("agent", "add", "ines@example.org", "--name", "Inès")
	does("agent", "set", "ines@example.org", "--langs", "fr,pl", "--channel", "email,chat=3", "--teams", "orders")
	if f := list("agent", "email", "ines@example.org"); f["langs"] != "fr pl" || f["chat_capacity"] != "3" || f["callback_on"] != "" || f["teams"] != "orders" || f["role"] != "agent" {
		t.Errorf("agent list: %v", f)
	}
	does("agent", "set", "ines@example.org", "--disabled")
	if out := does("agent", "list"); !strings.Contains(out, "email chat=3") || !strings.Contains(out, "disabled") {
		t.Errorf("agent list: %s", out)
	}

	ics := filepath.Join(t.TempDir(), "days.ics")
	if err := os.WriteFile(ics, []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20200501\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Labour Day\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	does("calendar", "import", ics, "--calendar", "night")
	if f := list("calendar", "id", "night"); strings.Count(f["holidays"], "-05-01 Labour Day") < 5 || !strings.Contains(f["holidays"], "Christmas") {
		t.Errorf("imported: %v", f["holidays"])
	}

	for _, x := range []struct {
		args []string
		says string
	}{
		{[]string{"team", "set", "Orders", "--name", "x"}, "id: An identifier has"},
		{[]string{"team", "set", "orders", "--channel", "chat"}, "such as chat=default:fr,en"},
		{[]string{"team", "set", "orders", "--channel", "callback=night:pl"}, "callback_langs: Possible languages: en es it fr nl de."},
		{[]string{"team", "set", "orders", "--without", "email"}, "chat and callback can be taken away"},
		{[]string{"calendar", "set", "night", "--weekly", "Mon 9-9"}, "weekly: Line 1: “Mon 9-9” cannot be read"},
		{[]string{"calendar", "import", ics, "--calendar", "none"}, "there is no calendar none"},
		{[]string{"category", "set", "new2", "--team", "none"}, "team: Please choose a team that is there."},
		{[]string{"category", "set", "gift", "--text", "xx.label=x"}, "want a language"},
		{[]string{"agent", "set", "nobody@example.org"}, "nobody here has the address nobody@example.org"},
		{[]string{"agent", "set", "ines@example.org", "--channel", "fax"}, "want email, chat or callback"},
	} {
		if out, err := s.run(t, x.args...); err == nil || !strings.Contains(out, x.says) {
			t.Errorf("%v: %v %s", x.args, err, out)
		}
	}
	admin := list("agent", "role", "admin")["email"]
	if out, err := s.run(t, "agent", "set", admin, "--disabled"); err == nil || !strings.Contains(out, "At least one admin") {
		t.Errorf("the last admin: %v %s", err, out)
	}
	s.stop(t)
	if f := list("team", "id", "support"); f["email_calendar"] != "default" {
		t.Errorf("without a server: %v", f)
	}
}
