package support_test

import (
	"path"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"guichet/internal/support"
)

func TestCleanFileName(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"capture.png":                       "capture.png",
		"Capture d’écran 2026-11-27.png":    "Capture d’écran 2026-11-27.png",
		`C:\Users\Claire\facture.pdf`:       "facture.pdf",
		"../../etc/passwd":                  "passwd",
		"a/b/":                              "",
		"facture\u202Efdp.exe":              "facturefdp.exe",
		"a\x00b\r\nc.txt":                   "abc.txt",
		"zero\u200bwidth\ufeff.txt":         "zerowidth.txt",
		"  .. hidden.txt ":                  "hidden.txt",
		"....":                              "",
		".png":                              "png",
		"":                                  "",
		"a<b>\"c\".txt":                     "a_b__c_.txt",
		"截图.png":                            "截图.png",
		"bad\xff.png":                       "bad\uFFFD.png",
		strings.Repeat("a", 300) + ".png":   strings.Repeat("a", 115) + "….png",
		"x." + strings.Repeat("y", 300):     "x." + strings.Repeat("y", 117) + "…",
		"photo (1) \t\u2028 of Claire.jpeg": "photo (1) of Claire.jpeg",
	} {
		if got := support.CleanFileName(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

// FuzzCleanFileName: whatever is given, what is kept can stand in a header, a page and a folder, and
// is not made shorter by being cleaned once more.
func FuzzCleanFileName(f *testing.F) {
	for _, s := range []string{"a.png", "../x", "\u202etxt.exe", strings.Repeat("é", 200) + ".jpeg", ". . .png", "a.\u200b", "\xff\xfe", "a .\u3000b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := support.CleanFileName(s)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > support.MaxFileName || strings.ContainsAny(got, "/\\\r\n\x00\"<>") {
			t.Fatalf("%q became %q", s, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("%q became %q, with %U in it", s, got, r)
			}
		}
		if strings.HasPrefix(got, ".") || strings.TrimSpace(got) != got {
			t.Fatalf("%q became %q", s, got)
		}
		if again := support.CleanFileName(got); again != got {
			t.Fatalf("%q became %q, and that %q", s, got, again)
		}
		if want := path.Ext(strings.TrimRight(s, ". ")); len(want) > 1 && len(want) < 6 && !strings.ContainsFunc(want, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && r != '.' }) &&
			got != "" && !strings.HasSuffix(got, want[1:]) {
			t.Fatalf("%q became %q without its ending %q", s, got, want)
		}
	})
}

func TestCheckFiles(t *testing.T) {
	t.Parallel()
	id := func() support.AttachmentID { return support.NewSecretID[support.AttachmentID]() }
	one := id()
	for name, test := range map[string]struct {
		ids []support.AttachmentID
		key string
	}{
		"None":  {nil, ""},
		"Five":  {[]support.AttachmentID{id(), id(), id(), id(), id()}, ""},
		"Six":   {[]support.AttachmentID{id(), id(), id(), id(), id(), id()}, "problem.files_many"},
		"Twice": {[]support.AttachmentID{one, one}, "problem.file_unknown"},
		"NoID":  {[]support.AttachmentID{"x"}, "problem.file_unknown"},
	} {
		if got := fieldKey(support.CheckFiles(test.ids)); got != test.key {
			t.Errorf("%s: %q, want %q", name, got, test.key)
		}
	}
}

func TestFileTypes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"a.PNG": "image/png", "a.jpeg": "image/jpeg", "a.tar.gz": "", "a.svg": "", "a.html": "", "png": "", "a.png.exe": "", "x.HEIF": "image/heic"} {
		got, ok := support.FileTypeOf(name)
		if got.Type != want || ok != (want != "") {
			t.Errorf("%s is %q", name, got.Type)
		}
	}
	for _, k := range support.FileTypes {
		if k.Max > support.MaxFile || k.Max > support.MaxConversationBytes {
			t.Errorf("%s may be larger than a file may be", k.Ext)
		}
	}
}
