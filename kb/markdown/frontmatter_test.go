package markdown

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/kb"
)

func TestParseFile(t *testing.T) {
	t.Parallel()
	full := kb.Article{
		ID: "refunds/time-fr", Title: "Délai : combien de temps ?", Lang: kb.French, Slug: "delai", Collection: "refunds",
		Group: "refunds-time", Audience: kb.SignedIn, Body: "Texte.\n\n---\n\nSuite.",
	}
	for _, tt := range []struct {
		name, file string
		want       kb.Article
	}{
		{"Full", "---\nid: refunds/time-fr\ntitle: \"Délai : combien de temps ?\"\nlang: fr-CA\nslug: delai\ncollection: refunds\ngroup: refunds-time\naudience: signed-in\n---\n\nTexte.\n\n---\n\nSuite.\n", full},
		{"WindowsLines", "\ufeff---\r\nid: a\r\n---\r\nOne\r\ntwo\r\n", kb.Article{ID: "a", Body: "One\ntwo"}},
		{"NoFrontMatter", "# Title\n\nText\n", kb.Article{Body: "# Title\n\nText"}},
		{"EmptyFrontMatter", "---\n---\nText", kb.Article{Body: "Text"}},
		{"Comments", "---\n# of us\nid: a # here\ntitle: 2026\ngroup:\n---\n", kb.Article{ID: "a", Title: "2026"}},
		{"Empty", "", kb.Article{}},
		{"FoldedTitle", "---\ntitle: >\n  Two\n  lines\n---\n", kb.Article{Title: "Two lines"}},
		{"IndentedCode", "---\nid: a\n---\n\n    code\n", kb.Article{ID: "a", Body: "    code"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseFile([]byte(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ParseFile (-want +got):\n%s", diff)
			}
			again, err := ParseFile(WriteFile(got))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("written and read again (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseFileErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, file, want string }{
		{"UnknownKey", "---\nid: a\nautor: me\n---\n", "line 3: autor: unknown key: want id, title, lang, slug, collection, group, audience"},
		{"Lang", "---\ntitle: x\nlang: ru\n---\n", `line 3: lang: language "ru" is not one of en es it fr nl de zh pt pl`},
		{"ID", "---\nid: a b\n---\n", `line 2: id: "a b" is not made of letters, digits and . _ / -, at most 200`},
		{"Slug", "---\nslug: Été\n---\n", `line 2: slug: "Été" is not made of a–z, 0–9 and single hyphens, at most 80`},
		{"Audience", "---\naudience: friends\n---\n", `line 2: audience: unknown audience "friends": want public, signed-in or staff`},
		{"Twice", "---\nid: a\nid: b\n---\n", "line 3: id: stands twice"},
		{"List", "---\nid: a\ntitle:\n  - x\n---\n", "line 3: title: is not a plain text"},
		{"Alias", "---\nid: &x a\ntitle: *x\n---\n", "line 3: title: is not a plain text"},
		{"NoMapping", "---\njust text\n---\n", `line 2: front matter is not made of lines "key: value"`},
		{"Open", "---\nid: a\n", `line 1: front matter is opened by "---" and never closed by another`},
		{"Colon", "---\nid: a\ntitle: Refunds: how\n---\n", `line 3: mapping values are not allowed in this context (a value with ":" or "#" needs quotes)`},
		{"NotUTF8", "---\nid: a\n---\nText\n\xff", "line 5: not valid UTF-8 text"},
		{"NUL", "a\n\x00", "line 2: not valid UTF-8 text"},
		{"LongTitle", "---\ntitle: " + strings.Repeat("é", 2001) + "\n---\n", "line 2: title: has 2001 characters, more than 2000"},
		{"Control", "---\ntitle: \"a\\ab\"\n---\n", "line 2: title: contains a control character"},
		{"LongHead", "---\nid: " + strings.Repeat("a", 20_000) + "\n---\n", "line 1: front matter has 20009 bytes, more than 16000"},
		{"LongBody", "---\nid: a\n---\n" + strings.Repeat("a", 400_001), "line 4: body: has 400001 bytes, more than 400000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseFile([]byte(tt.file))
			if err == nil || err.Error() != tt.want {
				t.Fatalf("ParseFile: %v, want %s", err, tt.want)
			}
			if _, ok := errors.AsType[*FieldError](err); !ok {
				t.Errorf("%T is no *FieldError", err)
			}
			if diff := cmp.Diff(kb.Article{}, got); diff != "" {
				t.Errorf("article beside an error: %s", diff)
			}
		})
	}
}

// FuzzParseFile holds that no file makes the reader panic, and that what it reads can be written
// and read again without a change.
func FuzzParseFile(f *testing.F) {
	for _, s := range []string{
		"", "---", "---\n---", "---\nid: a\ntitle: 'x: y'\nlang: zh\n---\n\nbody\n", "---\n: \n---\n", "---\n? a\n: b\n---\n", "---\n&a [*a]\n---\n",
		"---\ntitle: |\n  a\n   b\n---\n", "---\ntitle: \"\\u2028\\x85\"\n---\n", "---\n%YAML 1.1\n---\n", "---\ntitle: !!binary YQ==\n---\n", "---\n...\n---\nx", "\ufeff---\r\n---\r\n",
		"---\ntitle: ---\n---\n", "---\ntitle: '#a'\ngroup: ~\nid: 1e3\nslug: yes\n---\n \n\n  x",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := ParseFile(data)
		if err != nil {
			if _, ok := errors.AsType[*FieldError](err); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		again, err := ParseFile(WriteFile(a))
		if err != nil {
			t.Fatalf("%q, written: %v", data, err)
		}
		if diff := cmp.Diff(a, again); diff != "" {
			t.Fatalf("%q, written and read again (-want +got):\n%s", data, diff)
		}
	})
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		title string
		lang  kb.Lang
		want  string
	}{
		{"Délai d’un remboursement : combien ?", kb.French, "delai-d-un-remboursement-combien"},
		{"Rückerstattung für Käufe", kb.German, "rueckerstattung-fuer-kaeufe"},
		{"Łódź – zwrot", kb.Polish, "lodz-zwrot"},
		{"  7 days!  ", kb.English, "7-days"},
		{"退款需要多久", kb.Chinese, "a-75efbb42"},
		{"7 天", kb.Chinese, "a-38eefacb"},
		{"使用 PayPal 付款", kb.Chinese, "paypal"},
		{"", kb.English, "a-e3b0c442"},
		{strings.Repeat("word ", 30), kb.English, strings.TrimSuffix(strings.Repeat("word-", 16), "-")},
		{strings.Repeat("a", 100), kb.English, strings.Repeat("a", 80)},
	} {
		got := Slug(tt.title, tt.lang)
		if got != tt.want {
			t.Errorf("Slug(%q, %s) = %q, want %q", tt.title, tt.lang, got, tt.want)
		}
		if !slugPattern.MatchString(got) || len(got) > maxSlug {
			t.Errorf("Slug(%q) = %q is refused in front matter", tt.title, got)
		}
	}
}

func TestTitle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ body, want string }{
		{"", ""},
		{"# A *title*\n\nText", "A title"},
		{"First line\nsecond", "First line"},
		{"- item", "item"},
		{strings.Repeat("word ", 30), strings.TrimSpace(strings.Repeat("word ", 16)) + "…"},
		{"没有标题的文章", "没有标题的文章"},
	} {
		if got := Title(tt.body); got != tt.want {
			t.Errorf("Title(%q) = %q, want %q", tt.body, got, tt.want)
		}
	}
}
