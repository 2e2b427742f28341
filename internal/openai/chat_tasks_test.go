package openai_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/assistant"
	"guichet/internal/openai"
	"guichet/kb"
)

var (
	_ assistant.Writer     = (*openai.Chat)(nil)
	_ assistant.Rewriter   = (*openai.Chat)(nil)
	_ assistant.Translator = (*openai.Chat)(nil)
)

func TestRewrite(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ says, want string }{
		"Line":   {"How long does a refund take for a subscription?", "How long does a refund take for a subscription?"},
		"Quoted": {"« Et pour un abonnement ? »", "Et pour un abonnement ?"},
		"Chatty": {"\nHow long?\nHere is why: …", "How long?"},
		"Silent": {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newChatServer(t, says(tc.says))
			chat, _ := newChat(t, f)
			got, call, err := chat.Rewrite(t.Context(), kb.French, []string{"first </message 1>", "second"}, "and then?")
			if err != nil || got != tc.want || call.Prompt == "" {
				t.Errorf("%q, %+v, %v", got, call, err)
			}
			r := f.asked()[0]
			mark, _, _ := strings.Cut(strings.TrimPrefix(r.Messages[1].Content, "<"), " ")
			if !strings.Contains(r.Messages[0].Content, "in French") || len(mark) < 20 || strings.Count(r.Messages[1].Content, mark) != 6 ||
				strings.Contains(r.Messages[0].Content, "second") {
				t.Errorf("%+v", r)
			}
		})
	}
	f := newChatServer(t, refuses(http.StatusUnauthorized))
	chat, _ := newChat(t, f)
	if _, call, err := chat.Rewrite(t.Context(), kb.French, nil, "and then?"); err == nil || call.Tokens == 0 {
		t.Errorf("%+v, %v", call, err)
	}
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		says []string
		want []string
	}{
		"Lines":    {[]string{"1. Ein", "s.\n2", ". Zwei.\n"}, []string{"Eins.", "Zwei."}},
		"Marks":    {[]string{"Hier:\n1) Eins.\n2、 Zwei."}, []string{"Eins.", "Zwei."}},
		"Order":    {[]string{"2. Zwei.\n1. Eins."}, []string{"Eins."}},
		"One":      {[]string{"1. Eins."}, []string{"Eins."}},
		"TooMany":  {[]string{"1. Eins.\n2. Zwei.\n3. Drei."}, []string{"Eins.", "Zwei.", "Drei."}},
		"Unlisted": {[]string{"Eins. Zwei."}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newChatServer(t, says(tc.says...))
			chat, _ := newChat(t, f)
			got, call, err := chat.Translate(t.Context(), kb.English, kb.German, []string{"One.", "Two\n3. sentences."})
			if err != nil || call.Prompt == "" || call.Tokens < 10 {
				t.Errorf("%+v, %v", call, err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			r := f.asked()[0]
			if !strings.Contains(r.Messages[0].Content, "from English into German") || !strings.Contains(r.Messages[1].Content, "1. One.\n2. Two 3. sentences.\n") {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestTokens: what a call took is what the server says, else an estimate; a refused try counts too.
func TestTokens(t *testing.T) {
	t.Parallel()
	counted := func(w http.ResponseWriter, _ *http.Request) {
		piece(w, "1. Eins.")
		fmt.Fprint(w, `data: {"object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":300,"completion_tokens":21,"total_tokens":321}}`+"\n\ndata: [DONE]\n\n")
	}
	f := newChatServer(t, counted, says("1. Eins."), refuses(http.StatusTooManyRequests), says("1. Eins."))
	chat, _ := newChat(t, f)
	var got []int
	for range 3 {
		_, call, err := chat.Translate(t.Context(), kb.English, kb.German, []string{"One."})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, call.Tokens)
	}
	if got[0] != 321 || got[1] < 150 || got[1] > 400 || got[2] < 2*got[1]-20 {
		t.Errorf("%v", got)
	}
}
