package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/attach"
	"guichet/internal/problem"
	"guichet/internal/support"
)

// How long a file may take: between two pieces of it, and in all.
const (
	uploadPiece = 30 * time.Second
	uploadWhole = 30 * time.Minute
	// A refused file is read on for so long, so that the sender hears why: whose connection ends while
	// it sends never reads an answer.
	refusedFor = 20 * time.Second
)

// Bounds of bodies that carry files: one, and a form with as many as a message may have. A file that is
// too large has room in both, so that it can be refused with a word.
const (
	maxFileBody  = 2 * support.MaxFile
	maxFilesForm = support.MaxMessageFiles*support.MaxFile + 10*support.MB
)

// carriesFiles are the routes whose forms may hold files.
var carriesFiles = map[string]bool{
	"/:lang/requests/new": true, "/:lang/requests/:link/reply": true, "/desk/tickets/:id/reply": true,
	myTicket + "/reply": true,
}

// uploads are the routes that take one file as their body.
var uploads = map[string]bool{"/api/v1/conversations/:id/attachments": true, "/api/v1/tickets/:ref/attachments": true}

// bodyLimit is how much of a request is read.
func bodyLimit(c *gin.Context) int64 {
	kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	switch {
	case uploads[c.FullPath()] && c.Request.Method == http.MethodPost:
		return maxFileBody
	case wantsJSON(c) && !isHost(c): // a site's server tells of a hundred orders at once
		return maxBody
	case carriesFiles[c.FullPath()] && kind == "multipart/form-data":
		return maxFilesForm
	case c.FullPath() == settingsPath, c.FullPath() == calendarPath:
		return maxUpload
	}
	return maxForm
}

// patient reads a body that may take its time, as long as it goes on coming.
type patient struct {
	io.Reader
	control *http.ResponseController
	until   time.Time
}

func newPatient(c *gin.Context) *patient {
	return &patient{c.Request.Body, http.NewResponseController(c.Writer), time.Now().Add(uploadWhole)}
}

func (p *patient) Read(b []byte) (int, error) {
	next := time.Now().Add(uploadPiece)
	if next.After(p.until) {
		next = p.until
	}
	if err := p.control.SetReadDeadline(next); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.Reader.Read(b)
}

// hearOut reads what is left of a body whose sender is to be told no.
func (p *patient) hearOut() {
	p.until = time.Now().Add(refusedFor)
	_, _ = io.Copy(io.Discard, p) // whoever does not listen is not told
}

// filesForm is a form that was sent, perhaps with files.
type filesForm struct {
	url.Values
	Files []support.AttachmentID // those that were sent with it before and are still wanted, and its own
	wrong *problem.Error         // what kept some of its files out; nil for nothing
}

// taker takes the n-th file of a form, with the fields that stood before it.
type taker func(fields url.Values, n int, name string, r io.Reader) (support.Attachment, error)

// readFilesForm reads a form's fields and hands its files on as they come: none is kept here, neither
// in memory nor on disk. A file that is refused ends nothing: all that was typed comes, and what was
// wrong stands in the result. Errors are those of form.
func (s *Server) readFilesForm(c *gin.Context, take taker) (f filesForm, err error) {
	f.Values = url.Values{}
	kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if kind != "multipart/form-data" {
		if f.Values, err = form(c); err == nil {
			f.keep()
		}
		return f, err
	}
	body := newPatient(c)
	c.Request.Body = struct {
		io.Reader
		io.Closer
	}{body, c.Request.Body}
	parts, err := c.Request.MultipartReader()
	if err != nil {
		return f, problem.From(problem.Invalid, "problem.form", err)
	}
	var done func()
	defer func() {
		if done != nil {
			done()
		}
	}()
	room := int64(maxForm)
	for n := 0; ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			f.keep()
			return f, nil
		}
		if err != nil {
			return f, broken(err)
		}
		if part.FormName() != "files" {
			text, err := io.ReadAll(io.LimitReader(part, room+1))
			if err != nil {
				return f, broken(err)
			}
			if room -= int64(len(text)); room < 0 {
				return f, problem.From(problem.TooLarge, "", errors.New("the fields of a form")).With("max", maxForm)
			}
			f.Add(part.FormName(), string(text))
			continue
		}
		if part.FileName() == "" { // nothing was chosen
			continue
		}
		if done == nil && f.wrong == nil {
			if done, err = s.limiter.upload(actor(c)); err != nil {
				f.refuse(err)
			}
		}
		if done == nil {
			continue
		}
		if n >= support.MaxMessageFiles {
			f.refuse(support.FileProblem(problem.Invalid, "problem.files_many", part.FileName()).With("max", support.MaxMessageFiles))
			continue
		}
		a, err := take(f.Values, n, part.FileName(), part)
		n++
		switch {
		case err == nil:
			f.Files = append(f.Files, a.ID)
		case problem.Is(err, problem.Internal), problem.Is(err, problem.NotFound), problem.Is(err, problem.Unauthorized):
			return f, err
		default:
			f.refuse(err)
		}
	}
}

func broken(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return problem.From(problem.Invalid, "problem.form", err)
}

// keep puts the files that the form names before those that came with it.
func (f *filesForm) keep() {
	var kept []support.AttachmentID
	for _, id := range f.Values["attachment"] {
		kept = append(kept, support.AttachmentID(id))
	}
	f.Files = append(kept, f.Files...)
}

// refuse notes one more file that was kept out.
func (f *filesForm) refuse(err error) {
	p := asProblem(err)
	fields := p.Fields
	if len(fields) == 0 {
		key := p.Key
		if key == "" {
			key = "problem." + string(p.Kind)
		}
		fields = []problem.Field{{Name: "file", Key: key, Args: withArg(p.Args, "seconds", int(p.RetryAfter.Seconds()+0.999))}}
	}
	if f.wrong == nil {
		f.wrong = &problem.Error{Kind: p.Kind, Key: "problem.invalid", RetryAfter: p.RetryAfter, Err: err}
	}
	f.wrong.Fields = append(f.wrong.Fields, fields...)
}

// with joins what is wrong with a form to what is wrong with its files; nil for neither.
func (f *filesForm) with(err error) error {
	if f.wrong == nil {
		return err
	}
	out := *f.wrong
	if p, ok := errors.AsType[*problem.Error](err); ok {
		if p.Kind != problem.Invalid {
			return err
		}
		out.Fields = append(append([]problem.Field{}, p.Fields...), out.Fields...)
	} else if err != nil {
		return err
	}
	return &out
}

// fileFields are the elements of a form that has files.
var fileFields = map[string]string{"file": "files", "attachments": "files"}

// pick is what a form shows to choose files with.
type pick struct {
	Accept string
	Types  string
	Max    int // files
	Kept   []fileView
	Upload support.Token // of a form that has no conversation yet
	Error  string
}

// pick prepares the choice, with the files of the conversation that were sent with the form before.
func (s *Server) pick(c *gin.Context, v view, conversation support.ConversationID, by support.Author, f filesForm) (p pick, err error) {
	p = pick{Accept: support.FileAccept(), Types: strings.ToUpper(support.FileExts()), Max: support.MaxMessageFiles}
	if conversation == "" || len(f.Files) == 0 {
		return p, nil
	}
	kept, err := s.Attach.Unsent(c.Request.Context(), conversation, by, f.Files)
	for _, a := range kept {
		p.Kept = append(p.Kept, v.file(a, ""))
	}
	return p, err
}

// with adds the field's own sentence.
func (p pick) with(e formErrors) pick {
	p.Error = e.For("files")
	return p
}

// received takes one file of a form into a conversation. Its client id is the form's with its place
// and its name, so that a form that is sent twice has its files once.
func (s *Server) received(c *gin.Context, conversation support.ConversationID, by support.Author, fields url.Values, n int, name string, r io.Reader) (support.Attachment, error) {
	id := clip(fields.Get("client_id"), 40) + "/" + strconv.Itoa(len(fields["attachment"])) + "/" + strconv.Itoa(n)
	place, err := s.Attach.Receive(c.Request.Context(), attach.Upload{Conversation: conversation, Author: by, ClientID: id, Name: name, Size: -1}, r)
	return place.Attachment, err
}

// first is the form that was sent, if one was.
func first(sent []filesForm) (f filesForm) {
	if len(sent) > 0 {
		f = sent[0]
	}
	return f
}
