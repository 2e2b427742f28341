package support

import (
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"guichet/internal/problem"
)

// AttachmentID is a random UUID in its text form; BlobID is another one, that leaves the house never.
type (
	AttachmentID string
	BlobID       string
)

// AttachmentState is how far a file has come.
type AttachmentState string

// The states. A file that could not be taken leaves no attachment behind; refused is one whose
// content turned out to be harmful after it had been taken.
const (
	AttachmentReceiving AttachmentState = "receiving"
	AttachmentScanning  AttachmentState = "scanning"
	AttachmentReady     AttachmentState = "ready"
	AttachmentRefused   AttachmentState = "refused"
	AttachmentDeleted   AttachmentState = "deleted"
)

// ScanState is what a virus scanner said of a file.
type ScanState string

// The states of a scan.
const (
	ScanPending    ScanState = "pending"
	ScanClean      ScanState = "clean"
	ScanInfected   ScanState = "infected"
	ScanNotScanned ScanState = "not_scanned" // there is no scanner, or it could not read the file
)

// Attachment is a file of a conversation.
type Attachment struct {
	ID           AttachmentID
	Conversation ConversationID
	Entry        int64  // seq of the entry that it was sent with; 0 until then
	Author       Author // member or agent
	Name         string // as CleanFileName left it
	Type         string // media type, by its content
	Size         int64  // bytes that are kept; of a receiving one those that were announced
	State        AttachmentState
	Scan         ScanState
	Blob         BlobID // where its content is; "" where that is gone
	CreatedAt    time.Time
}

// Readable reports whether its content may be given to anybody at all.
func (a Attachment) Readable() bool { return a.State == AttachmentReady && a.Blob != "" }

// Inline reports whether a browser may show it in its place: a picture that was made anew here.
// Anything else is only ever offered for keeping.
func (a Attachment) Inline() bool {
	return slices.Contains([]string{"image/png", "image/jpeg", "image/gif"}, a.Type)
}

// Bounds of files. MB are millions of bytes, as shops and file managers count them.
const (
	MB                    = 1_000_000
	MaxFile               = 50 * MB // a recording, a document
	MaxPicture            = 10 * MB // before it is made anew
	MaxPixels             = 50_000_000
	MaxMessageFiles       = 5
	MaxConversationFiles  = 40
	MaxConversationBytes  = 150 * MB
	MaxMemberBytes        = 1000 * MB // over all conversations of a known member
	MaxUnsentBytes        = 4000 * MB // in all: files that no message has taken yet
	MaxFileName           = 120       // characters
	UnsentFor             = 24 * time.Hour
	KeepSpamFiles         = 14 * 24 * time.Hour // of requests whose address nobody proved
	MaxConversationUpload = 4                   // files that arrive in one conversation at the same time
)

// FileType is a kind of file that may be attached.
type FileType struct {
	Ext  string   // without a dot
	Type string   // media type
	Also []string // extensions that mean the same
	Max  int64    // bytes
	Anew bool     // a picture that is made anew, so that nothing travels with it but what one sees
}

// FileTypes is the list of what may be attached, in the order in which it is said.
var FileTypes = []FileType{
	{Ext: "png", Type: "image/png", Max: MaxPicture, Anew: true},
	{Ext: "jpg", Type: "image/jpeg", Also: []string{"jpeg"}, Max: MaxPicture, Anew: true},
	{Ext: "webp", Type: "image/webp", Max: MaxPicture, Anew: true},
	{Ext: "gif", Type: "image/gif", Max: MaxPicture, Anew: true},
	{Ext: "heic", Type: "image/heic", Also: []string{"heif"}, Max: MaxPicture},
	{Ext: "pdf", Type: "application/pdf", Max: MaxFile},
	{Ext: "txt", Type: "text/plain", Max: MaxFile},
	{Ext: "csv", Type: "text/csv", Max: MaxFile},
	{Ext: "mp4", Type: "video/mp4", Also: []string{"m4v"}, Max: MaxFile},
	{Ext: "mov", Type: "video/quicktime", Max: MaxFile},
	{Ext: "webm", Type: "video/webm", Max: MaxFile},
}

// FileExts are the extensions of FileTypes, for a sentence.
func FileExts() string {
	var out []string
	for _, t := range FileTypes {
		out = append(out, t.Ext)
	}
	return strings.Join(out, ", ")
}

// FileAccept is what an input element lets one choose.
func FileAccept() string {
	var out []string
	for _, t := range FileTypes {
		for _, ext := range append([]string{t.Ext}, t.Also...) {
			out = append(out, "."+ext)
		}
	}
	return strings.Join(out, ",")
}

// FileTypeOf finds the type of a name by its extension; ok is false for what may not be attached.
func FileTypeOf(name string) (_ FileType, ok bool) {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	for _, t := range FileTypes {
		if t.Ext == ext || slices.Contains(t.Also, ext) {
			return t, true
		}
	}
	return FileType{}, false
}

// CleanFileName returns the name that is kept of one that somebody gave: its last part alone, without
// what a reader cannot see or what would turn it round, at most MaxFileName characters with its
// extension whole. "" where nothing is left of it.
func CleanFileName(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Bidi_Control, r), unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			return -1
		case r == '\u2028', r == '\u2029', unicode.IsSpace(r):
			return ' '
		case strings.ContainsRune(`<>:"|?*`, r): // no name elsewhere
			return '_'
		}
		return r
	}, s)
	s = strings.Trim(strings.Join(strings.Fields(s), " "), ". ")
	ext := path.Ext(s)
	if utf8.RuneCountInString(ext) > 10 {
		ext = ""
	}
	stem := strings.TrimRight(strings.TrimSuffix(s, ext), " .")
	if stem == "" {
		if ext == "" {
			return ""
		}
		return strings.TrimLeft(ext, ". ")
	}
	if room := MaxFileName - utf8.RuneCountInString(ext); utf8.RuneCountInString(stem) > room {
		stem = strings.TrimRight(string([]rune(stem)[:room-1]), " .") + "…"
	}
	return stem + ext
}

// CheckFiles returns a problem that names the field if a message may not carry these files: too many,
// one twice, or one that cannot be any.
func CheckFiles(ids []AttachmentID) error {
	if len(ids) > MaxMessageFiles {
		return problem.InvalidField("attachments", "problem.files_many").With("max", MaxMessageFiles)
	}
	for i, id := range ids {
		if len(id) != 36 || uuid.Validate(string(id)) != nil || slices.Contains(ids[:i], id) {
			return problem.InvalidField("attachments", "problem.file_unknown")
		}
	}
	return nil
}

// FileProblem is what keeps a file out: a kind and a message, which stands at the field too. name is
// the file's, as its sender calls it.
func FileProblem(k problem.Kind, key, name string) *problem.Error {
	p := problem.New(k, key)
	p.Fields = []problem.Field{{Name: "file", Key: key}}
	return p.With("name", name)
}
