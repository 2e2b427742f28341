package support_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/internal/problem"
	"guichet/internal/support"
)

var hours = support.DefaultCalendar("")

var statuses = []support.Status{support.StatusNew, support.StatusOpen, support.StatusWaitingMember, support.StatusWaitingThirdParty,
	support.StatusSolved, support.StatusClosed, support.StatusSpam, support.StatusMerged}

// TestChange tries every pair of statuses. A line is a status, a column what it would become, in the
// order of statuses.
func TestChange(t *testing.T) {
	t.Parallel()
	//                      n o m t s c p x
	allowed := map[support.Status]string{
		support.StatusNew:               ". y y y y . y y",
		support.StatusOpen:              ". . y y y . y y",
		support.StatusWaitingMember:     ". y . y y . y y",
		support.StatusWaitingThirdParty: ". y y . y . y y",
		support.StatusSolved:            ". y . . . y . .",
		support.StatusClosed:            ". . . . . . . .",
		support.StatusSpam:              "y y . . . . . .",
		support.StatusMerged:            ". . . . . . . .",
	}
	solved := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	now := solved.Add(time.Hour)
	for _, from := range statuses {
		for i, to := range statuses {
			ticket := support.Ticket{Ref: "G-4F7K2", Status: from, UpdatedAt: solved}
			if from == support.StatusSolved {
				ticket.SolvedAt = solved
			}
			got, err := ticket.Change(to, now, hours)
			if strings.Fields(allowed[from])[i] == "." {
				if !problem.Is(err, problem.Conflict) || !cmp.Equal(got, ticket) {
					t.Errorf("%s → %s: %v, %+v; want a Conflict and the ticket as it was", from, to, err, got)
				}
				continue
			}
			want := ticket
			want.Status, want.UpdatedAt, want.SolvedAt = to, now, time.Time{}
			if to == support.StatusSolved {
				want.SolvedAt = now
			}
			if err != nil || !cmp.Equal(got, want) {
				t.Errorf("%s → %s: %v, %+v; want %+v", from, to, err, got, want)
			}
		}
	}
}

func TestReopenWithin(t *testing.T) {
	t.Parallel()
	solved := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	ticket := support.Ticket{Status: support.StatusSolved, SolvedAt: solved}
	if _, err := ticket.Change(support.StatusOpen, solved.Add(support.ReopenWithin), hours); err != nil {
		t.Errorf("on the last moment: %v", err)
	}
	if _, err := ticket.Change(support.StatusOpen, solved.Add(support.ReopenWithin+1), hours); !problem.Is(err, problem.Conflict) {
		t.Errorf("a moment later: %v, want Conflict", err)
	}
	if _, err := ticket.Change(support.StatusClosed, solved.Add(support.ReopenWithin+1), hours); err != nil {
		t.Errorf("to closed: %v", err)
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestCheckEmail(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64) + "@" + strings.Repeat("b", 185) + ".fr" // 253
	for _, test := range []struct{ in, want, key string }{
		{"camille@example.org", "camille@example.org", ""},
		{"  Camille.D+x@EXAMPLE.Org ", "Camille.D+x@example.org", ""},
		{"d'arc@example.org", "d'arc@example.org", ""},
		{"root@localhost", "root@localhost", ""},
		{"żółw@przykład.pl", "żółw@przykład.pl", ""},
		{long, long, ""},
		{"a" + long + "rr", "", "problem.email"},
		{"", "", "problem.email_missing"},
		{" \t\n", "", "problem.email_missing"},
		{"camille", "", "problem.email"},
		{"camille@", "", "problem.email"},
		{"@example.org", "", "problem.email"},
		{"camille@example", "", "problem.email"},
		{"camille@example..org", "", "problem.email"},
		{"camille@example.org.", "", "problem.email"},
		{"ca mille@example.org", "", "problem.email"},
		{"\"ca mille\"@example.org", "", "problem.email"},
		{"Camille <camille@example.org>", "", "problem.email"},
		{"<camille@example.org>", "", "problem.email"},
		{"a@example.org,b@example.org", "", "problem.email"},
		{"a@example.org\r\nBcc: b@example.org", "", "problem.email"},
		{"a@example.org\x00", "", "problem.email"},
		{"a\x7f@example.org", "", "problem.email"},
		{"a@exam\xffple.org", "", "problem.email"},
	} {
		got, err := support.CheckEmail(test.in)
		if got != test.want || fieldKey(err) != test.key {
			t.Errorf("CheckEmail(%q) = %q, %v; want %q, %q", test.in, got, err, test.want, test.key)
		}
		if p, ok := err.(*problem.Error); ok && p.Fields[0].Name != "email" {
			t.Errorf("CheckEmail(%q) names %q", test.in, p.Fields[0].Name)
		}
	}
}

// fieldKey is the message of the first wrong field; "" for nil.
func fieldKey(err error) string {
	if p, ok := err.(*problem.Error); ok && p.Kind == problem.Invalid && len(p.Fields) > 0 {
		return p.Fields[0].Key
	}
	return ""
}

func TestCheckText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ in, want, key string }{
		{"x", "x", ""},
		{" \r\n a\r\n\r\nb \n", "a\n\nb", ""},
		{"a\x00b", "ab", ""},
		{"a\xffb", "a\uFFFDb", ""},
		{"héé我我", "héé我我", ""},
		{"😀😀😀😀😀😀", "", "problem.too_long"},
		{"", "", "problem.text_missing"},
		{" \x00\r\n\t", "", "problem.text_missing"},
	} {
		got, err := support.CheckText("text", test.in, 5)
		if got != test.want || fieldKey(err) != test.key {
			t.Errorf("CheckText(%q) = %q, %v; want %q, %q", test.in, got, err, test.want, test.key)
		}
	}
	_, err := support.CheckText("text", "123456", 5)
	if f := err.(*problem.Error).Fields[0]; f.Name != "text" || f.Args["max"] != 5 || f.Args["n"] != 6 {
		t.Errorf("field: %+v", f)
	}
}

func TestCheckTextOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		got, err := support.CheckText("text", in, 50)
		if err != nil {
			return
		}
		if !utf8.ValidString(got) || strings.ContainsRune(got, 0) || got != strings.TrimSpace(got) || utf8.RuneCountInString(got) > 50 {
			t.Fatalf("CheckText(%q) = %q", in, got)
		}
		if again, err := support.CheckText("text", got, 50); err != nil || again != got {
			t.Fatalf("CheckText(%q) = %q, %v", got, again, err)
		}
	})
}
