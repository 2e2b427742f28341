package httpapi

import (
	"crypto/rand"
	"io"
	"maps"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"guichet/internal/abuse"
	"guichet/internal/assistant"
	"guichet/internal/attach"
	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
)

// requestForm is what a member types, or has typed.
type requestForm struct {
	ClientID string // of this form: sent twice, it makes one ticket
	Answer   string
	Email    string
	Category string
	Text     string
	Stamp    string        // when the form was first shown, signed
	Trap     string        // what stands in the field that nobody sees
	Upload   support.Token // the conversation that its files wait in, once there are some
	Files    pick
}

// requestFields are the form's elements whose ids are not their fields' names: a proof that is not taken
// leads to the button, where the next one is made.
var requestFields = func() map[string]string {
	ids := maps.Clone(fileFields)
	ids["proof"] = "send"
	return ids
}()

// pageRequestForm shows the form of a request, with the answer that the member came from. For anybody.
func (s *Server) pageRequestForm(c *gin.Context) error {
	return s.requestPage(c, http.StatusOK, requestForm{ClientID: rand.Text(), Upload: support.NewToken(), Answer: c.Query("answer")}, formErrors{}, filesForm{})
}

func (s *Server) requestPage(c *gin.Context, status int, f requestForm, errs formErrors, sent filesForm) error {
	v, err := s.reader(c, "request.title")
	if err != nil {
		return err
	}
	v.NoIndex = true
	files, err := s.pick(c, v, attach.FormConversation(f.Upload), support.AuthorMember, sent)
	if err != nil {
		return err
	}
	f.Files = files.with(errs)
	if !s.Abuse.Good(c.Request.Context(), f.Stamp) { // a form that comes back keeps the moment it began
		if f.Stamp, err = s.Abuse.Stamp(c.Request.Context()); err != nil {
			return err
		}
	}
	data := struct {
		view
		Form       requestForm
		Errors     formErrors
		Answer     *assistant.Answer
		Categories []string
	}{view: v, Form: f, Errors: errs, Categories: support.Categories}
	if f.Answer != "" {
		switch a, err := s.findAnswer(c, f.Answer); {
		case err == nil:
			data.Answer = &a
			if status == http.StatusOK && f.Text == "" {
				data.Form.Text = a.Question
			}
		case problem.Is(err, problem.NotFound): // past its keeping: the form stands by itself
			data.Form.Answer = ""
		default:
			return err
		}
	}
	if errs.Any() {
		data.Title = v.T("form.error_title", "title", v.Title)
	}
	return s.render(c, status, "request", data)
}

// pageRequestSend makes a ticket of the form and shows its page. For anybody; a guest's ticket waits
// for proof of the address.
func (s *Server) pageRequestSend(c *gin.Context) error {
	var conversation support.ConversationID
	fields, err := s.readFilesForm(c, func(fields url.Values, n int, name string, r io.Reader) (_ support.Attachment, err error) {
		if conversation == "" {
			if conversation, err = s.Attach.Form(c.Request.Context(), support.Token(fields.Get("upload")), lang(c)); err != nil {
				return support.Attachment{}, err
			}
		}
		return s.received(c, conversation, support.AuthorMember, fields, n, name, r)
	})
	f := requestForm{ClientID: fields.Get("client_id"), Answer: fields.Get("answer"), Email: fields.Get("email"),
		Category: fields.Get("category"), Text: fields.Get("text"), Stamp: fields.Get("stamp"), Trap: fields.Get("homepage"), Upload: support.Token(fields.Get("upload"))}
	if len(f.Upload) != len(support.NewToken()) {
		f.Upload = support.NewToken()
	}
	if len(f.ClientID) < 8 || len(f.ClientID) > 100 { // not ours; without one, a retry makes a second ticket
		f.ClientID = rand.Text()
	}
	if uuid.Validate(f.Answer) != nil {
		f.Answer = ""
	}
	var started handoff.Started
	r := handoff.Request{ClientID: f.ClientID, Channel: support.ChannelEmail, Category: f.Category, Email: f.Email,
		Text: f.Text, Lang: lang(c), Answer: support.AnswerID(f.Answer), Actor: actor(c), Files: fields.Files}
	if err == nil {
		r, err = handoff.Check(r) // a mistake costs nothing of the budget
		err = fields.with(err)
	}
	if err == nil && len(r.Files) > 0 {
		r.Conversation, err = s.Attach.Form(c.Request.Context(), f.Upload, lang(c))
	}
	if err == nil {
		r, err = s.admit(c, r, abuse.Signs{Form: true, Proof: fields.Get("proof"), Stamp: f.Stamp, Trap: f.Trap})
	}
	if err == nil {
		if _, err := s.reader(c, ""); err != nil {
			return err
		}
		started, err = s.Handoff.Start(c.Request.Context(), r)
	}
	if err != nil {
		problems, status, again := s.formProblem(c, err, requestFields)
		if !again {
			return err
		}
		if problem.Is(err, problem.Conflict) { // this form has made its ticket; what is in it now is another request
			f.ClientID, f.Upload = rand.Text(), support.NewToken()
		}
		return s.requestPage(c, status, f, problems, fields)
	}
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, ticketPath(lang(c), started.Link))
	return nil
}
