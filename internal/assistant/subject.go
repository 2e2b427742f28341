package assistant

import (
	"context"
	_ "embed"
	"slices"
	"strings"
	"unicode/utf8"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Subjects knows what members may ask about; *host.Service does.
type Subjects interface {
	// About returns the order or object, by the subject's type. NotFound for one that is not the
	// member's to ask about, whether it is there or not.
	About(ctx context.Context, m support.Member, s support.Subject) (support.Order, support.Object, error)
}

// Bounds of what is told of an order or object.
const (
	maxSaidFacts = 5
	maxTold      = 10  // facts that a model is told
	maxToldFact  = 300 // characters of one
)

// subject is what a question is about, as its answer may tell of it.
type subject struct {
	said  support.SaidSubject // without facts
	all   []support.SaidFact  // in the reader's language
	class []string            // of each, by what it is about: "status", "date"…; "" for others
	told  []string            // what a language model may be told, as "label: value"
}

// subject reads what a question is about; nil for nothing in particular. Only a member may ask about
// an order or object: Unauthorized for anybody else, NotFound for what is not theirs.
func (s *Service) subject(ctx context.Context, q Question) (*subject, error) {
	if q.Subject == (support.Subject{}) {
		return nil, nil
	}
	if q.Actor.Member == nil || s.c.Subjects == nil {
		return nil, problem.New(problem.Unauthorized, "problem.subject_needs_member")
	}
	o, x, err := s.c.Subjects.About(ctx, *q.Actor.Member, q.Subject)
	if err != nil {
		return nil, err
	}
	l := q.Lang
	if l == "" {
		l, _ = kb.DetectLang(q.Text, "")
	}
	out := &subject{said: support.SaidSubject{Subject: q.Subject}}
	if q.Subject.Type == support.SubjectObject {
		out.said.Title, out.said.URL, out.said.Image = x.TitleIn(l), x.URL, x.Image
		if x.Price.Currency != "" {
			out.add("amount", support.SaidFact{Key: "object.price", Money: &x.Price})
		}
		out.facts(x.Facts, l)
		return out, nil
	}
	out.said.Number, out.said.Title, out.said.URL, out.said.Image = o.Number, o.TitleIn(l), o.URL, o.Image
	has := func(key string) bool {
		return slices.ContainsFunc(o.Facts, func(f support.Fact) bool { return f.Key == key })
	}
	if v := o.StatusIn(l); v != "" && !has("status") {
		out.add("status", support.SaidFact{Key: "order.status", Value: v})
	}
	if !has("placed_at") {
		out.add("date", support.SaidFact{Key: "order.placed_at", At: &o.PlacedAt})
	}
	if o.Total.Currency != "" && !has("total") {
		out.add("amount", support.SaidFact{Key: "order.total", Money: &o.Total})
	}
	out.facts(o.Facts, l)
	return out, nil
}

func (s *subject) add(class string, f support.SaidFact) {
	s.all, s.class = append(s.all, f), append(s.class, class)
}

// facts takes in what the site tells, in language l.
func (s *subject) facts(in []support.Fact, l kb.Lang) {
	for _, f := range in {
		said := support.SaidFact{Key: f.Key, Label: f.Label(l), Value: f.In(l)}
		s.add(classOfFact(f, l), said)
		if line := said.Label + ": " + said.Value; f.Prompt && len(s.told) < maxTold {
			if r := []rune(line); len(r) > maxToldFact {
				line = string(r[:maxToldFact])
			}
			s.told = append(s.told, line)
		}
	}
}

// toldOf is what a model may be told of it: what the site has marked for that, and nothing else.
func (s *subject) toldOf() []string {
	if s == nil {
		return nil
	}
	return s.told
}

// say is what an answer to text tells of it: the facts that text asks for, by its words or by what
// they mean, else its summary.
func (s *subject) say(text string, l kb.Lang) *support.SaidSubject {
	if s == nil {
		return nil
	}
	out := s.said
	wanted := classesOf(text, l)
	words := kb.Words(l, text)
	for i, f := range s.all {
		if len(out.Facts) < maxSaidFacts && (slices.Contains(wanted, s.class[i]) && s.class[i] != "" || shares(words, kb.Words(l, f.Label+" "+f.Value))) {
			out.Facts = append(out.Facts, f)
		}
	}
	if out.Summary = len(out.Facts) == 0; out.Summary {
		out.Facts = s.all[:min(len(s.all), maxSaidFacts)]
	}
	return &out
}

// minShared is how many letters two words begin with alike, at least, to be taken for the same one.
const minShared = 5

// shares reports whether a question names something of a fact: a word that is not that of every order.
func shares(question, fact []string) bool {
	for _, w := range question {
		if utf8.RuneCountInString(w) < minShared || everyOrder(w) {
			continue
		}
		for _, f := range fact {
			if f == w || strings.HasPrefix(f, stem(w)) {
				return true
			}
		}
	}
	return false
}

// stem is a word without what it may end with.
func stem(w string) string {
	r := []rune(w)
	return string(r[:max(minShared, len(r)-2)])
}

// everyOrder reports whether a word says no more than that an order or object is spoken of.
func everyOrder(w string) bool {
	return slices.ContainsFunc(askWords[""]["order"], func(s string) bool { return strings.HasPrefix(w, s) })
}

// subject_words.txt holds, by language and class, what asks for facts of the class: beginnings of
// words, and phrases.
//
//go:embed subject_words.txt
var subjectText string

var askWords = readAskWords()

// readAskWords reads lines of "lang class: word, phrase, …"; "*" stands for all languages.
func readAskWords() map[kb.Lang]map[string][]string {
	out := map[kb.Lang]map[string][]string{}
	for line := range strings.Lines(subjectText) {
		head, rest, ok := strings.Cut(strings.TrimSpace(line), ":")
		lang, class, two := strings.Cut(head, " ")
		if !ok || !two || strings.HasPrefix(line, "#") {
			continue
		}
		l := kb.Lang(strings.TrimPrefix(lang, "*"))
		if out[l] == nil {
			out[l] = map[string][]string{}
		}
		for _, w := range strings.Split(rest, ",") {
			out[l][class] = append(out[l][class], kb.Fold(strings.TrimSpace(w)))
		}
	}
	return out
}

// asksStatus are the classes of facts that tell how things stand.
var asksStatus = []string{"tracking", "delivery"}

// classesOf are the classes of facts that a text asks for.
func classesOf(text string, l kb.Lang) (out []string) {
	folded := kb.Fold(text)
	spaced := " " + strings.Join(kb.Words(l, text), " ") + " "
	for class, words := range askWords[l] {
		if slices.ContainsFunc(words, func(w string) bool {
			if l == kb.Chinese {
				return strings.Contains(folded, w)
			}
			return strings.Contains(spaced, " "+w)
		}) {
			out = append(out, class)
		}
	}
	slices.Sort(out)
	if slices.Contains(out, "status") {
		out = append(out, asksStatus...)
	}
	if slices.Contains(out, "date") {
		out = append(out, "delivery")
	}
	return out
}

// keyClasses tell a fact's class by the site's own key, where it is named as most name it.
var keyClasses = []struct{ part, class string }{
	{"track", "tracking"}, {"carrier", "tracking"}, {"parcel", "tracking"},
	{"deliver", "delivery"}, {"eta", "delivery"}, {"ship", "delivery"},
	{"status", "status"}, {"state", "status"},
	{"total", "amount"}, {"price", "amount"}, {"amount", "amount"}, {"refund", "amount"}, {"fee", "amount"},
	{"date", "date"}, {"_at", "date"}, {"_on", "date"},
}

func classOfFact(f support.Fact, l kb.Lang) string {
	key := strings.ToLower(f.Key)
	for _, k := range keyClasses {
		if strings.Contains(key, k.part) {
			return k.class
		}
	}
	for _, class := range classesOf(f.Label(l), l) {
		return class
	}
	return ""
}

// tell puts what is told of the subject before the answer's sentences. Facts that were asked for are
// an answer, also where no article has one.
func (a *Answer) tell(s *subject, typed kb.Query) {
	if a.About = s.say(typed.Text, typed.Lang); a.About == nil || a.About.Summary {
		return
	}
	if a.Outcome == Unknown && a.Handoff == "" && a.Courtesy == "" {
		a.Outcome = Answered
	}
}
