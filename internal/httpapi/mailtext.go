package httpapi

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
)

// maxMailText bounds how much of a mail a page shows, in bytes.
const maxMailText = 64 << 10

// plainText returns the plain text of a mail that we wrote ourselves, or "" if there is none: ours
// is UTF-8, and its text the first part.
func plainText(raw []byte) string {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	return partText(textproto.MIMEHeader(m.Header), m.Body, 3)
}

func partText(h textproto.MIMEHeader, body io.Reader, depth int) string {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth > 0 {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err != nil {
				return ""
			}
			if s := partText(p.Header, p, depth-1); s != "" {
				return s
			}
		}
	}
	if kind != "text/plain" {
		return ""
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(io.LimitReader(body, maxMailText))
	if err != nil && len(b) == 0 {
		return ""
	}
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(string(b), "\uFFFD"), "\r\n", "\n"))
}

// piece is a stretch of text; one with a URL is a link.
type piece struct {
	Text string
	URL  string
}

var urlPattern = regexp.MustCompile(`https?://[^\s<>"]+`)

// linkify cuts a text at its web addresses.
func linkify(text string) []piece {
	var out []piece
	end := 0
	for _, at := range urlPattern.FindAllStringIndex(text, -1) {
		u := strings.TrimRight(text[at[0]:at[1]], ".,;:!?)")
		if at[0] > end {
			out = append(out, piece{Text: text[end:at[0]]})
		}
		out = append(out, piece{u, u})
		end = at[0] + len(u)
	}
	if end < len(text) {
		out = append(out, piece{Text: text[end:]})
	}
	return out
}
