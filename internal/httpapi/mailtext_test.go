package httpapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlainText(t *testing.T) {
	t.Parallel()
	crlf := func(lines ...string) string { return strings.Join(lines, "\r\n") }
	for _, c := range []struct{ name, raw, want string }{
		{"Plain", crlf("Subject: a", "", "Bonjour", ""), "Bonjour"},
		{"QuotedPrintable", crlf("Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: quoted-printable", "", "re=C3=A7u http://a=", "b", ""), "reçu http://ab"},
		{"Base64", crlf("Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: base64", "", "cmXD", "p3U=", ""), "reçu"},
		{"Alternative", crlf("Content-Type: multipart/alternative; boundary=x", "", "--x", "Content-Type: text/plain; charset=UTF-8", "", "words", "--x", "Content-Type: text/html", "", "<p>no</p>", "--x--", ""), "words"},
		{"Nested", crlf("Content-Type: multipart/mixed; boundary=y", "", "--y", "Content-Type: multipart/alternative; boundary=x", "", "--x", "Content-Type: text/plain", "", "deep", "--x--", "--y--", ""), "deep"},
		{"HTMLAlone", crlf("Content-Type: text/html", "", "<p>no</p>", ""), ""},
		{"NoMail", "\x00", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(c.want, plainText([]byte(c.raw))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestLinkify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []piece
	}{
		{"", nil},
		{"no link", []piece{{Text: "no link"}}},
		{"see http://a.example/b?c=d.", []piece{{Text: "see "}, {"http://a.example/b?c=d", "http://a.example/b?c=d"}, {Text: "."}}},
		{"https://a.example", []piece{{"https://a.example", "https://a.example"}}},
		{"javascript:alert(1) <http://a.example>", []piece{{Text: "javascript:alert(1) <"}, {"http://a.example", "http://a.example"}, {Text: ">"}}},
	} {
		if d := cmp.Diff(c.want, linkify(c.text)); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, d)
		}
	}
}
