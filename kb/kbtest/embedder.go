package kbtest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"guichet/kb"
)

// Embedder tests that e keeps the promises of kb.Embedder. It embeds some 500 short texts and one
// very long one.
func Embedder(t *testing.T, e kb.Embedder) {
	t.Run("ModelIsNamed", func(t *testing.T) {
		if a, b := e.Model(), e.Model(); a == "" || a != b {
			t.Errorf("Model() = %q, then %q", a, b)
		}
	})
	t.Run("NoTexts", func(t *testing.T) {
		if v := embed(t, e, kb.AsQuestion); len(v) != 0 {
			t.Errorf("%d vectors for no text", len(v))
		}
	})
	t.Run("UnitLengthInTheOrderGiven", func(t *testing.T) {
		for _, task := range []kb.Task{kb.AsQuestion, kb.AsPassage} {
			texts := []string{"How long does a refund take?", "重置密码", "Un billet de train pour Dijon"}
			together := embed(t, e, task, texts...)
			for i, text := range texts {
				if alone := embed(t, e, task, text)[0]; dot(alone, together[i]) < 0.995 {
					t.Errorf("text %d has another vector alone than among others (cosine %.3f)", i, dot(alone, together[i]))
				}
			}
			if dot(together[0], together[1]) > 0.999 {
				t.Error("different texts have the same vector")
			}
		}
	})
	t.Run("AnyText", func(t *testing.T) {
		long := strings.Repeat("a very long question about refunds ", 3000)
		for name, text := range map[string]string{
			"empty": "", "blank": " \n\t ", "NUL": "\x00", "invalid UTF-8": "caf\xe9 \xff", "emoji": "🙏🏽👨‍👩‍👧", "long": long,
			"control": "\x01\x02\x1b[31m", "one word of 5,000 letters": strings.Repeat("x", 5000), "quotes": `"\'{}`,
		} {
			for _, task := range []kb.Task{kb.AsQuestion, kb.AsPassage} {
				if _, err := e.Embed(t.Context(), task, []string{text}); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		mixed := embed(t, e, kb.AsQuestion, "", "refund", "\x00", "refund")
		if dot(mixed[1], mixed[3]) < 0.995 || dot(mixed[0], mixed[1]) > 0.999 {
			t.Error("empty texts move their neighbours' vectors")
		}
	})
	t.Run("NULDoesNotEndAText", func(t *testing.T) {
		v := embed(t, e, kb.AsPassage, "The train\x00leaves at nine", "The train leaves at nine", "The train")
		if dot(v[0], v[1]) < 0.995 || dot(v[0], v[2]) > dot(v[0], v[1]) {
			t.Error("what follows a NUL byte was not embedded")
		}
	})
	t.Run("200InOneCall", func(t *testing.T) {
		texts := make([]string, 200)
		for i := range texts {
			texts[i] = fmt.Sprintf("order %d", i%150)
		}
		v := embed(t, e, kb.AsQuestion, texts...)
		if dot(v[10], v[160]) < 0.995 {
			t.Error("the same text has two vectors in one call")
		}
	})
	t.Run("200Callers", func(t *testing.T) {
		errs := make([]error, 200)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				v, err := e.Embed(t.Context(), kb.AsQuestion, []string{fmt.Sprintf("parcel %d", i%100)})
				if errs[i] = err; err == nil && len(v) != 1 {
					errs[i] = fmt.Errorf("%d vectors", len(v))
				}
			})
		}
		all.Wait()
		for i, err := range errs {
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		}
	})
	t.Run("Cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := e.Embed(ctx, kb.AsQuestion, []string{"a text nobody has asked for yet"}); err == nil {
			t.Error("no error under a cancelled context")
		}
		embed(t, e, kb.AsQuestion, "a text nobody has asked for yet")
	})
}

// embed embeds texts and checks that the vectors are as many, as long and as wide as they must.
func embed(t *testing.T, e kb.Embedder, task kb.Task, texts ...string) [][]float32 {
	t.Helper()
	vectors, err := e.Embed(t.Context(), task, texts)
	if err != nil {
		t.Fatalf("Embed: %v", err)
	}
	if len(vectors) != len(texts) {
		t.Fatalf("%d vectors for %d texts", len(vectors), len(texts))
	}
	for i, v := range vectors {
		if len(v) != len(vectors[0]) || len(v) == 0 {
			t.Fatalf("vector %d has %d dimensions, the first %d", i, len(v), len(vectors[0]))
		}
		if n := math.Sqrt(dot(v, v)); math.Abs(n-1) > 1e-3 || math.IsNaN(n) {
			t.Fatalf("vector %d has the length %v", i, n)
		}
	}
	return vectors
}
