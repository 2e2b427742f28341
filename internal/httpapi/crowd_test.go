package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"guichet/internal/app/apptest"
	"guichet/internal/config"
)

// TestACrowdAsksAtOnce lets more members ask at the same moment than may wait: each is answered or told
// when to try again, and none of them leaves anything running behind.
func TestACrowdAsksAtOnce(t *testing.T) {
	h := apptest.New(t, apptest.Options{Settings: func(s *config.Settings) { s.Proxies = []string{"127.0.0.1/32"} }})
	before := runtime.NumGoroutine()
	const crowd = 400 // 16 are worked on and 256 may wait
	questions := []string{"Combien de temps prend un remboursement ?", "How long does a refund take?", "Wie lange dauert eine Rückerstattung?"}
	own := &http.Client{Transport: &http.Transport{MaxConnsPerHost: crowd}}
	var mu sync.Mutex
	statuses := map[int]int{}
	var wrong []string
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range crowd {
		all.Go(func() {
			<-begin
			req, err := http.NewRequest(http.MethodPost, h.URL+"/api/v1/ask", strings.NewReader(`{"text":`+strconv.Quote(questions[i%len(questions)])+`}`))
			if err != nil {
				panic(err)
			}
			req.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.7", i>>8, i&255))
			answer, err := own.Do(req)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				wrong = append(wrong, err.Error())
				return
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			statuses[answer.StatusCode]++
			switch {
			case err != nil:
				wrong = append(wrong, err.Error())
			case answer.StatusCode == http.StatusOK && strings.Contains(string(body), `"outcome":"answered"`):
			case answer.StatusCode == http.StatusTooManyRequests && answer.Header.Get("Retry-After") != "":
			default:
				wrong = append(wrong, fmt.Sprint(answer.StatusCode, string(body)))
			}
		})
	}
	close(begin)
	all.Wait()
	own.CloseIdleConnections()
	if len(wrong) > 0 {
		t.Errorf("%d were neither answered nor told when to come back, such as %s", len(wrong), wrong[0])
	}
	if statuses[http.StatusOK] < 200 {
		t.Errorf("%v: want at least 200 answered", statuses)
	}
	for n := 0; runtime.NumGoroutine() > before+20 && n < 1_000_000; n++ { // connections close in their own time
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before+20 {
		t.Errorf("%d goroutines before the crowd, %d after it", before, after)
	}
}
