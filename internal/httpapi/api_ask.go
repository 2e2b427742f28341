package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/assistant"
	"guichet/internal/support"
	"guichet/kb"
)

// askTimeout bounds the work on one question, waiting included.
const askTimeout = 20 * time.Second

type askRequest struct {
	Text       string          `json:"text"`
	Lang       string          `json:"lang"`
	Collection string          `json:"collection"`
	Subject    json.RawMessage `json:"subject"`
	ClientID   string          `json:"client_id"` // in a conversation
}

type answerJSON struct {
	ID         support.AnswerID   `json:"id"`
	Outcome    assistant.Outcome  `json:"outcome"`
	Lang       kb.Lang            `json:"lang"`
	Text       string             `json:"text"`
	Sentences  []sentenceJSON     `json:"sentences"`
	TextLang   kb.Lang            `json:"text_lang"` // of text and sentences; not lang where no article is in that
	Translated *translatedJSON    `json:"translation,omitempty"`
	Machine    bool               `json:"machine"` // always: no person wrote it
	Confidence float64            `json:"confidence"`
	Citations  []citationJSON     `json:"citations"`
	Choices    []choiceJSON       `json:"choices"`
	Related    []articleJSON      `json:"related"`
	Handoff    *handoffJSON       `json:"handoff,omitempty"`
	Courtesy   assistant.Courtesy `json:"courtesy,omitempty"`
	About      *aboutJSON         `json:"about,omitempty"`
	Joined     []string           `json:"joined,omitempty"` // client ids of other messages that it answers
}

// translatedJSON is what a model made of an answer's sentences in the question's language.
type translatedJSON struct {
	Lang      kb.Lang  `json:"lang"`
	Text      string   `json:"text"`
	Sentences []string `json:"sentences"`
}

// handoffJSON is why a person comes before anything the assistant says.
type handoffJSON struct {
	Reason assistant.Handoff `json:"reason"`
}

type sentenceJSON struct {
	Text      string `json:"text"`
	Citations []int  `json:"citations"`
}

type citationJSON struct {
	N       int          `json:"n"`
	Article articleJSON  `json:"article"`
	Passage kb.PassageID `json:"passage_id"`
	Heading string       `json:"heading"`
	Quote   string       `json:"quote"`
	URL     string       `json:"url"`
}

type choiceJSON struct {
	Label string `json:"label"`
	Text  string `json:"text"`
}

type articleJSON struct {
	ID        kb.ArticleID `json:"id"`
	Group     kb.GroupID   `json:"group"`
	Lang      kb.Lang      `json:"lang"`
	Title     string       `json:"title"`
	URL       string       `json:"url"`
	Version   int          `json:"version,omitempty"`
	UpdatedAt time.Time    `json:"updated_at"`
}

// articlePath is the page of an article, from the root.
func articlePath(lang kb.Lang, slug string) string {
	return "/" + string(lang) + "/articles/" + url.PathEscape(slug)
}

// absolute is the address of a path, built from the base URL alone.
func (s *Server) absolute(path string) string {
	return strings.TrimSuffix(s.BaseURL.String(), "/") + path
}

func (s *Server) articleJSON(r assistant.ArticleRef) articleJSON {
	return articleJSON{ID: r.ID, Group: r.Group, Lang: r.Lang, Title: r.Title, Version: r.Version,
		URL: s.absolute(articlePath(r.Lang, r.Slug)), UpdatedAt: r.UpdatedAt}
}

func (s *Server) citationJSON(c assistant.Citation) citationJSON {
	return citationJSON{N: c.N, Article: s.articleJSON(c.Article), Passage: c.Passage, Heading: c.Heading,
		Quote: c.Quote, URL: s.absolute(c.Path())}
}

func (s *Server) answerJSON(a assistant.Answer) answerJSON {
	out := answerJSON{ID: a.ID, Outcome: a.Outcome, Lang: a.Lang, Text: a.Text(), TextLang: a.In(), Machine: true,
		Confidence: a.Confidence, Joined: a.Joined,
		Sentences: []sentenceJSON{}, Citations: []citationJSON{}, Choices: []choiceJSON{}, Related: []articleJSON{}, Courtesy: a.Courtesy,
		About: s.aboutOut(a.Lang, a.About)}
	if a.Handoff != "" {
		out.Handoff = &handoffJSON{a.Handoff}
	}
	if t := a.Translated; t != nil {
		out.Translated = &translatedJSON{a.Lang, t.Text(a.Lang), t.Sentences}
	}
	for _, x := range a.Sentences {
		out.Sentences = append(out.Sentences, sentenceJSON(x))
	}
	for _, x := range a.Citations {
		out.Citations = append(out.Citations, s.citationJSON(x))
	}
	for _, x := range a.Choices {
		out.Choices = append(out.Choices, choiceJSON(x))
	}
	for _, x := range a.Related {
		out.Related = append(out.Related, s.articleJSON(x))
	}
	return out
}

func (r askRequest) question(c *gin.Context) (assistant.Question, error) {
	l, err := langParam("lang", r.Lang)
	if err != nil {
		return assistant.Question{}, err
	}
	about, err := subjectOf(r.Subject)
	return assistant.Question{Text: r.Text, Lang: l, Collection: kb.CollectionKey(r.Collection), Actor: actor(c), Subject: about}, err
}

// apiAsk serves POST /api/v1/ask, for anybody: JSON, or an event stream where the caller accepts it.
func (s *Server) apiAsk(c *gin.Context) error {
	var in askRequest
	if err := decode(c, &in); err != nil {
		return err
	}
	q, err := in.question(c)
	if err != nil {
		return err
	}
	return s.answer(c, func(ctx context.Context, emit func(assistant.Event)) (assistant.Answer, error) {
		done, err := s.limiter.question(ctx, q.Actor)
		if err != nil {
			return assistant.Answer{}, err
		}
		defer done()
		return s.Assistant.Ask(ctx, q, emit)
	})
}

// apiAskIn serves POST /api/v1/conversations/:id/questions, for who holds the conversation's token.
func (s *Server) apiAskIn(c *gin.Context) error {
	conversation, err := s.conversation(c)
	if err != nil {
		return err
	}
	var in askRequest
	if err := decode(c, &in); err != nil {
		return err
	}
	q, err := in.question(c)
	if err != nil {
		return err
	}
	if q.Lang == "" {
		q.Lang = conversation.Lang
	}
	if q.Subject, err = s.Assistant.AboutOf(c.Request.Context(), conversation, q.Actor, q.Subject); err != nil {
		return err
	}
	// A message that waits for the one after it, or for the answer to it, holds no place in the line.
	q.Site, q.Place = conversation.Site, s.limiter.answers.enter
	return s.answer(c, func(ctx context.Context, emit func(assistant.Event)) (assistant.Answer, error) {
		if err := s.limiter.asks(q.Actor); err != nil {
			return assistant.Answer{}, err
		}
		return s.Assistant.AskIn(ctx, conversation.ID, in.ClientID, q, emit)
	})
}

// answer runs ask within its time and responds in the form that the caller accepts.
func (s *Server) answer(c *gin.Context, ask func(context.Context, func(assistant.Event)) (assistant.Answer, error)) error {
	ctx, cancel := context.WithTimeout(c.Request.Context(), askTimeout)
	defer cancel()
	if !strings.Contains(c.GetHeader("Accept"), "text/event-stream") {
		a, err := ask(ctx, nil)
		if err != nil {
			return err
		}
		c.Header("Cache-Control", "no-store")
		c.JSON(http.StatusOK, s.answerJSON(a))
		return nil
	}
	return s.streamAnswer(c, ctx, ask)
}

// pingEvery keeps proxies from closing a stream that is thinking.
const pingEvery = 15 * time.Second

// streamAnswer writes sources, delta…, answer as server-sent events, with joined before them where a
// later message is answered together with this one, and what came before it is not to be shown. Before the first event an error
// is an ordinary problem; after it, an error event.
func (s *Server) streamAnswer(c *gin.Context, ctx context.Context, ask func(context.Context, func(assistant.Event)) (assistant.Answer, error)) error {
	var mu sync.Mutex // the pings come from another goroutine
	begun := false
	send := func(event string, v any) {
		mu.Lock()
		defer mu.Unlock()
		if !begun {
			begun = true
			c.Header("Content-Type", "text/event-stream; charset=utf-8")
			c.Header("Cache-Control", "no-store")
			c.Header("X-Accel-Buffering", "no")
			c.Status(http.StatusOK)
		}
		if event == "" {
			c.Writer.WriteString(": ping\n\n")
		} else {
			b, err := json.Marshal(v)
			if err != nil {
				s.Log.Error("http: event", "err", err)
				return
			}
			c.Writer.WriteString("event: " + event + "\ndata: ")
			c.Writer.Write(b)
			c.Writer.WriteString("\n\n")
		}
		c.Writer.Flush()
	}
	stop := make(chan struct{})
	var pings sync.WaitGroup
	pings.Go(func() {
		t := time.NewTicker(pingEvery)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				send("", nil)
			case <-stop:
				return
			}
		}
	})
	a, err := ask(ctx, func(e assistant.Event) { s.sendEvent(lang(c), send, e) })
	close(stop)
	pings.Wait()
	if err != nil {
		if begun {
			send("error", s.problemJSON(c, asProblem(err)))
		}
		return err
	}
	send("answer", s.answerJSON(a))
	return nil
}

func (s *Server) sendEvent(l kb.Lang, send func(string, any), e assistant.Event) {
	if e.Joined != "" {
		send("joined", gin.H{"client_id": e.Joined})
		return
	}
	if e.About != nil {
		send("about", s.aboutOut(l, e.About))
		return
	}
	if e.Sentence == nil {
		sources := []articleJSON{}
		for _, a := range e.Sources {
			sources = append(sources, s.articleJSON(a))
		}
		send("sources", gin.H{"articles": sources})
		return
	}
	delta := gin.H{"text": e.Sentence.Text, "citations": e.Sentence.Citations}
	if e.Citation != nil {
		delta["citation"] = s.citationJSON(*e.Citation)
	}
	send("delta", delta)
}
