package httpapi

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/attach"
	"guichet/internal/problem"
	"guichet/internal/support"
)

// attachmentJSON is a file as the API shows it. url is where its content is; absent while it cannot
// be read.
type attachmentJSON struct {
	ID    support.AttachmentID    `json:"id"`
	Name  string                  `json:"name"`
	Type  string                  `json:"type"`
	Size  int64                   `json:"size"`
	State support.AttachmentState `json:"state"`
	Scan  support.ScanState       `json:"scan"`
	Text  string                  `json:"text"` // its state, in words
	URL   string                  `json:"url,omitempty"`
}

func (s *Server) attachmentJSON(c *gin.Context, a support.Attachment) attachmentJSON {
	out := attachmentJSON{ID: a.ID, Name: a.Name, Type: a.Type, Size: a.Size, State: a.State, Scan: a.Scan,
		Text: s.Catalogs.For(lang(c)).T(stateKey(a), nil)}
	if a.Entry > 0 && a.Readable() {
		out.URL = s.absolute("/api/v1/conversations/" + string(a.Conversation) + "/attachments/" + string(a.ID) + "/content")
	}
	return out
}

func (s *Server) attachmentsJSON(c *gin.Context, files []support.Attachment) (out []attachmentJSON) {
	for _, a := range files {
		out = append(out, s.attachmentJSON(c, a))
	}
	return out
}

// apiAttachmentLimits serves GET /api/v1/attachments/limits, for anybody: what may be attached, to be
// said before somebody chooses.
func (s *Server) apiAttachmentLimits(c *gin.Context) error {
	type kind struct {
		Type string   `json:"type"`
		Exts []string `json:"extensions"`
		Max  int64    `json:"max_bytes"`
	}
	out := struct {
		Types             []kind `json:"types"`
		Files             int    `json:"max_files"`
		ConversationBytes int64  `json:"conversation_bytes"`
		ConversationFiles int    `json:"conversation_files"`
		Scanned           bool   `json:"scanned"`
		Text              string `json:"text"`
		Refusals          struct {
			Large string `json:"large"`
			Type  string `json:"type"`
			Many  string `json:"many"`
		} `json:"refusals"` // sentences, for what can be told before a file is sent; {name} and {max} stand for themselves
	}{Files: support.MaxMessageFiles, ConversationBytes: support.MaxConversationBytes,
		ConversationFiles: support.MaxConversationFiles, Scanned: s.Attach.Scans(),
		Text: s.view(c, "").FileLimits()}
	v := s.view(c, "")
	out.Refusals.Large = v.T("problem.file_large", "name", "{name}", "max", "{max}")
	out.Refusals.Type = v.T("problem.file_type", "name", "{name}", "types", support.FileExts())
	out.Refusals.Many = v.T("problem.files_many", "max", support.MaxMessageFiles)
	for _, t := range support.FileTypes {
		out.Types = append(out.Types, kind{t.Type, append([]string{t.Ext}, t.Also...), t.Max})
	}
	c.JSON(http.StatusOK, out)
	return nil
}

// FileLimits says in a sentence what may be attached.
func (v view) FileLimits() string {
	return v.T("file.limits", "files", support.MaxMessageFiles, "picture", support.MaxPicture/support.MB, "max", support.MaxFile/support.MB,
		"types", strings.ToUpper(support.FileExts()))
}

// apiUpload serves POST /api/v1/conversations/:id/attachments, for who holds the conversation's token.
// The body is the file; Content-Disposition names it, Idempotency-Key makes a second try the same
// file: 201, and 200 where it is there already.
func (s *Server) apiUpload(c *gin.Context) error {
	conversation, err := s.conversation(c)
	if err != nil {
		return err
	}
	return s.upload(c, conversation.ID, s.attachmentJSON)
}

// upload takes the file that is the request's body into a conversation.
func (s *Server) upload(c *gin.Context, conversation support.ConversationID, show func(*gin.Context, support.Attachment) attachmentJSON) error {
	body := newPatient(c)
	done, err := s.limiter.upload(actor(c))
	if err == nil {
		defer done()
		_, given, parseErr := mime.ParseMediaType(c.GetHeader("Content-Disposition"))
		if parseErr != nil {
			given = nil
		}
		var place attach.Place
		place, err = s.Attach.Receive(c.Request.Context(), attach.Upload{Conversation: conversation, Author: support.AuthorMember,
			ClientID: c.GetHeader("Idempotency-Key"), Name: given["filename"], Size: c.Request.ContentLength}, body)
		if err == nil {
			status := http.StatusOK
			if place.New {
				status = http.StatusCreated
			}
			body.hearOut()
			c.Header("Cache-Control", "no-store")
			c.JSON(status, gin.H{"attachment": show(c, place.Attachment)})
			return nil
		}
	}
	if c.Request.ContentLength <= maxFileBody { // else it would not get there
		body.hearOut()
	}
	return err
}

// holder is the right of who holds the token of the conversation of the address.
func (s *Server) holder(c *gin.Context) (attach.Right, error) {
	conversation, err := s.conversation(c)
	return attach.Right{Conversation: conversation.ID}, err
}

// apiAttachment serves GET /api/v1/conversations/:id/attachments/:file, for who holds the
// conversation's token: how far the file has come.
func (s *Server) apiAttachment(c *gin.Context) error {
	right, err := s.holder(c)
	if err != nil {
		return err
	}
	a, err := s.Attach.Find(c.Request.Context(), right, support.AttachmentID(c.Param("file")))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, gin.H{"attachment": s.attachmentJSON(c, a)})
	return nil
}

// apiAttachmentContent serves GET /api/v1/conversations/:id/attachments/:file/content, for who holds
// the conversation's token.
func (s *Server) apiAttachmentContent(c *gin.Context) error {
	right, err := s.holder(c)
	if err != nil {
		return err
	}
	return s.serveFile(c, right, c.Param("file"))
}

// apiDiscard serves DELETE /api/v1/conversations/:id/attachments/:file, for who holds the
// conversation's token, until the file is sent.
func (s *Server) apiDiscard(c *gin.Context) error {
	right, err := s.holder(c)
	if err != nil {
		return err
	}
	if err := s.Attach.Discard(c.Request.Context(), right.Conversation, support.AttachmentID(c.Param("file"))); err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.Status(http.StatusNoContent)
	return nil
}

// pageTicketFile serves a file of a ticket to whoever holds the link of its page.
func (s *Server) pageTicketFile(c *gin.Context) error {
	return s.serveFile(c, attach.Right{Link: support.Token(c.Param("link"))}, c.Param("file"))
}

// pageDeskFile serves a file to staff.
func (s *Server) pageDeskFile(c *gin.Context) error {
	if !actor(c).IsStaff() {
		return problem.New(problem.Unauthorized, "")
	}
	return s.serveFile(c, attach.Right{Actor: actor(c)}, c.Param("file"))
}

// pageDeskFileDelete removes the content of a file for good, for staff.
func (s *Server) pageDeskFileDelete(c *gin.Context) error {
	if _, err := s.staff(c, "tickets", ""); err != nil {
		return err
	}
	ticket, err := s.Attach.Delete(c.Request.Context(), actor(c), support.AttachmentID(c.Param("file")))
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/desk/tickets/"+string(ticket)+"?removed=1")
	return nil
}

// serveFile sends a content, or the part of it that was asked for. Somebody sent it, so no browser is
// to make a page of it: only pictures that were made anew here are shown in their place, all else is
// for keeping, in a sandbox that may load nothing, and no type is guessed.
func (s *Server) serveFile(c *gin.Context, right attach.Right, id string) error {
	a, content, err := s.Attach.Open(c.Request.Context(), right, support.AttachmentID(id))
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	how := "attachment"
	if a.Inline() {
		how = "inline"
	}
	kind := a.Type
	if strings.HasPrefix(kind, "text/") { // is kept, never read by a browser, nor squeezed on its way: parts of it may be asked for
		kind = "application/octet-stream"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": a.Name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("ETag", strconv.Quote(string(a.Blob))) // for If-Range: the rest of the same content
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, content)
	return nil
}
