package httpapi

import (
	"crypto/rand"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"guichet/internal/abuse"
	"guichet/internal/assistant"
	"guichet/internal/attach"
	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// requestForm is what a member types, or has typed.
type requestForm struct {
	ClientID string // of this form: sent twice, it makes one ticket
	Answer   string
	Email    string
	Category string
	Text     string
	Stamp    string            // when the form was first shown, signed
	Trap     string            // what stands in the field that nobody sees
	Fields   map[string]string // of the categories, by "category.key"
	Known    bool              // the address is that of a member who has signed in
	Upload   support.Token     // the conversation that its files wait in, once there are some
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

// guess is the category that a question is likely of; "" where nobody can tell, or there is no time to.
func (s *Server) guess(c *gin.Context, l kb.Lang, text string) string {
	done, err := s.limiter.search(c.Request.Context(), actor(c), false)
	if err != nil {
		return ""
	}
	defer done()
	advice, err := s.Guard.Similar(c.Request.Context(), handoff.Holder{}, handoff.Draft{Text: text, Lang: l})
	if err != nil || len(advice.Categories) == 0 {
		return ""
	}
	return advice.Categories[0].Category
}

// FieldID is the id of the element of a category's field.
func (requestForm) FieldID(category support.CategoryKey, key string) string {
	return "field-" + string(category) + "-" + key
}

// Field is what was typed into a category's field.
func (f requestForm) Field(category support.CategoryKey, key string) string {
	return f.Fields[string(category)+"."+key]
}

// of are the fields of one category, by key.
func (f requestForm) of(category string) map[string]string {
	out := map[string]string{}
	for name, v := range f.Fields {
		if key, ok := strings.CutPrefix(name, category+"."); ok {
			out[key] = v
		}
	}
	return out
}

// ids are the elements of fields whose names are others.
func (f requestForm) ids() map[string]string {
	ids := maps.Clone(requestFields)
	for key := range f.of(f.Category) {
		ids["fields."+key] = f.FieldID(support.CategoryKey(f.Category), key)
	}
	return ids
}

// requestPage shows the form; existing are open requests that this one seems to repeat.
func (s *Server) requestPage(c *gin.Context, status int, f requestForm, errs formErrors, sent filesForm, existing ...existingJSON) error {
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
		Categories []categoryJSON
		Cards      []contactCard
		Suggested  bool // the category is a guess
		Existing   []existingJSON
	}{view: v, Form: f, Errors: errs, Categories: s.categories(v.Lang), Existing: existing}
	want := handoff.Want{Lang: v.Lang, Category: support.CategoryKey(f.Category)}.From(actor(c).Member)
	if data.Form.Known = want.Proven; want.Proven && f.Email == "" {
		data.Form.Email = want.Email
	}
	if _, _, err := s.Routing.Route(want.Category, v.Lang); err != nil {
		want.Category = ""
	}
	if data.Cards, err = s.cards(c, want, nil); err != nil {
		return err
	}
	if f.Answer != "" {
		switch a, err := s.findAnswer(c, f.Answer); {
		case err == nil:
			data.Answer = &a
			if status == http.StatusOK && f.Text == "" {
				data.Form.Text = a.Question
				data.Form.Category = s.guess(c, v.Lang, a.Question)
				data.Suggested = data.Form.Category != ""
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

// repeats are the member's open requests that a new one is likely a repetition of.
func (s *Server) repeats(c *gin.Context, r handoff.Request) ([]existingJSON, error) {
	h := handoff.HolderOf(actor(c).Member)
	if h == (handoff.Holder{}) {
		return nil, nil
	}
	done, err := s.limiter.search(c.Request.Context(), actor(c), false)
	if err != nil {
		return nil, err
	}
	defer done()
	advice, err := s.Guard.Similar(c.Request.Context(), h, handoff.Draft{Text: r.Text, Lang: r.Lang, Category: r.Category, Subject: handoff.SubjectKey(r.About)})
	if err != nil {
		return nil, err
	}
	return s.existingJSON(c, lang(c), support.Conversation{}, advice.Existing, false)
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
		Category: fields.Get("category"), Text: fields.Get("text"), Stamp: fields.Get("stamp"), Trap: fields.Get("homepage"),
		Upload: support.Token(fields.Get("upload")), Fields: map[string]string{}}
	for name, v := range fields.Values {
		if key, ok := strings.CutPrefix(name, "fields."); ok {
			f.Fields[key] = v[0]
		}
	}
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
		Text: f.Text, Lang: lang(c), Answer: support.AnswerID(f.Answer), Actor: actor(c), Files: fields.Files,
		Fields: f.of(f.Category), AddTo: fields.Get("add_to")}
	if err == nil {
		r, err = s.Handoff.Check(r) // a mistake costs nothing of the budget
		err = fields.with(err)
	}
	if err == nil && len(r.Files) > 0 {
		r.Conversation, err = s.Attach.Form(c.Request.Context(), f.Upload, lang(c))
	}
	if err == nil && r.AddTo == "" && fields.Get("insist") == "" {
		existing, wrong := s.repeats(c, r)
		if err = wrong; err == nil && len(existing) > 0 {
			return s.requestPage(c, http.StatusConflict, f, formErrors{}, fields, existing...)
		}
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
		problems, status, again := s.formProblem(c, err, f.ids())
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
