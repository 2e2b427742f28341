package attach

import (
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// asText are the types of plain text that a .txt or .csv may turn out to be. What a browser could run
// is not among them, though nothing here is ever shown to one as text.
var asText = []string{"text/plain", "text/csv", "text/tab-separated-values", "application/json", "application/x-ndjson",
	"application/jsonl", "text/vcard", "text/calendar", "application/x-subrip", "text/vtt"}

// agrees says which types of content a type of file may have.
var agrees = map[string][]string{
	"image/png":       {"image/png", "image/vnd.mozilla.apng"},
	"image/heic":      {"image/heic", "image/heic-sequence", "image/heif", "image/heif-sequence"},
	"text/plain":      asText,
	"text/csv":        asText,
	"video/mp4":       {"video/mp4", "video/x-m4v", "video/quicktime"}, // cameras are not strict about it
	"video/quicktime": {"video/quicktime", "video/mp4"},
}

// sniff finds out what a content is by its first bytes, at least 3 kB of them where it has as many.
// It returns the media type under which it is kept; Invalid where that is not what its name says.
func sniff(head []byte, name string, kind support.FileType) (string, error) {
	found := mimetype.Detect(head)
	for _, want := range append([]string{kind.Type}, agrees[kind.Type]...) {
		if found.Is(want) {
			return kind.Type, nil
		}
	}
	return "", support.FileProblem(problem.Invalid, "problem.file_content", name).With("real", realName(found)).With("ext", kind.Ext)
}

// realName is how a content is called to its sender: by its usual extension, else its media type.
func realName(m *mimetype.MIME) string {
	if ext := strings.TrimPrefix(m.Extension(), "."); ext != "" {
		return strings.ToUpper(ext)
	}
	kind, _, _ := strings.Cut(m.String(), ";")
	return kind
}
