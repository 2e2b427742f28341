package httpapi_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/app"
	"guichet/internal/app/apptest"
	"guichet/internal/support"
	"guichet/kb"
)

// fill opens a page of the desk and takes its form as a browser does.
func (b *browser) fill(t *testing.T, path string) url.Values {
	t.Helper()
	status, page, _ := b.get(t, path)
	if status != http.StatusOK {
		t.Fatalf("%s: %d", path, status)
	}
	return unescaped(readForm(page).Values)
}

func unescaped(v url.Values) url.Values {
	for _, values := range v {
		for i := range values {
			values[i] = strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&lt;", "<", "&gt;", ">", "&#43;", "+", "&amp;", "&").Replace(values[i])
		}
	}
	return v
}

// post sends a form by one of its buttons, with a file if there is one.
func (b *browser) post(t *testing.T, path string, f url.Values, button string, file []byte) (int, string, *url.URL) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range f {
		if name == "do" {
			continue
		}
		for _, v := range values {
			if err := w.WriteField(name, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.WriteField("do", button)
	if file != nil {
		part, err := w.CreateFormFile("ics", "days.ics")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(file)
	}
	w.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+path, &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return b.read(t, answer)
}

// TestRoutingIsForAdmins opens and sends every page as each role.
func TestRoutingIsForAdmins(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	guest, agent, editor, admin := newBrowser(t, h), newBrowser(t, h), newBrowser(t, h), newAdmin(t, h)
	agent.signIn(t, h, "agent@example.org", support.RoleAgent)
	editor.signIn(t, h, "editor@example.org", support.RoleEditor)
	agents, err := h.Routing.Agents(t.Context(), app.Operator)
	if err != nil || len(agents) != 3 {
		t.Fatalf("agents: %v, %v", agents, err)
	}
	someone := "/desk/agents/" + string(agents[1].Value.ID)
	for path, want := range map[string]int{
		"/desk/teams": 200, "/desk/teams/support": 200, "/desk/teams/new": 200, "/desk/teams/nothing": 404,
		"/desk/calendars": 200, "/desk/calendars/default": 200, "/desk/calendars/new": 200, "/desk/calendars/nothing": 404,
		"/desk/categories": 200, "/desk/categories/refund": 200, "/desk/categories/new": 200, "/desk/categories/nothing": 404,
		"/desk/agents": 200, someone: 200, "/desk/agents/new": 404, "/desk/agents/nothing": 404,
		"/desk/agents/0190f5a0-0000-7000-8000-000000000000": 404,
		"/desk/simulator": 200,
	} {
		for _, who := range []struct {
			name string
			b    *browser
			want int
		}{{"guest", guest, 401}, {"agent", agent, 403}, {"editor", editor, 403}, {"admin", admin, want}} {
			status, page, _ := who.b.get(t, path)
			if status != who.want {
				t.Errorf("%s as %s: %d, want %d", path, who.name, status, who.want)
			}
			if who.name != "admin" && strings.Contains(page, "routing-list") {
				t.Errorf("%s as %s shows what is for admins", path, who.name)
			}
		}
		for lang, tag := range map[string]string{"fr": "fr", "pl": "en"} {
			_, page, _ := admin.get(t, path+"?lang="+lang)
			checkPage(t, path, page, tag)
			if strings.Contains(page, "desk.routing.") {
				t.Errorf("%s in %s shows a key", path, lang)
			}
		}
	}
	before := h.Routing.Current().Version
	for _, path := range []string{"/desk/teams/support", "/desk/calendars/default", "/desk/categories/refund", someone, "/desk/teams/new"} {
		form := admin.fill(t, path)
		form.Set("name", "Autre")
		form.Set("disabled", "1")
		for _, who := range []struct {
			name string
			b    *browser
			want int
		}{{"guest", guest, 401}, {"agent", agent, 403}, {"editor", editor, 403}} {
			for _, button := range []string{"save", "more", "import"} {
				if status, _, _ := who.b.post(t, path, form, button, nil); status != who.want {
					t.Errorf("%s of %s as %s: %d, want %d", button, path, who.name, status, who.want)
				}
			}
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		answer, err := admin.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another site, with the admin's cookie: %d", path, answer.StatusCode)
		}
	}
	if err := h.Routing.Refresh(t.Context()); err != nil || h.Routing.Current().Version != before {
		t.Errorf("somebody changed something: %v", err)
	}
	if _, page, _ := agent.get(t, "/desk"); strings.Contains(page, "/desk/teams") {
		t.Error("an agent is shown the way to the teams")
	}
}

// TestATeamIsMade makes a team with a calendar of its own by the pages, and requests go to it.
func TestATeamIsMade(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	admin := newAdmin(t, h)
	saved := func(path string, f url.Values) {
		t.Helper()
		if status, page, at := admin.post(t, path, f, "save", nil); status != http.StatusOK || at.Query().Get("saved") != "1" {
			t.Fatalf("saving %s: %d at %s: %s", path, status, at, page)
		}
	}
	f := admin.fill(t, "/desk/calendars/new")
	for name, v := range map[string]string{"id": "night", "name": "Nuit", "zone": "America/New_York", "weekly": "vendredi 22:00-02:00\nsat-sun 10-12, 14h-18h",
		"holidays": "2026-12-25 Noël", "openings": "2026-12-24 09:00-12:00 Réveillon\n2026-12-31 fermé"} {
		f.Set(name, v)
	}
	saved("/desk/calendars/new", f)
	c, _ := h.Routing.Current().Calendar("night")
	weekend := []support.Interval{{From: 600, To: 720}, {From: 840, To: 1080}}
	if d := cmp.Diff([7][]support.Interval{0: weekend, 5: {{From: 1320, To: 1560}}, 6: weekend}, c.Value.Weekly); d != "" || c.By != "admin@example.org" {
		t.Errorf("the week (-want +got):\n%s", d)
	}
	if again := admin.fill(t, "/desk/calendars/night?lang=fr"); again.Get("openings") != "2026-12-24 09:00-12:00 Réveillon\n2026-12-31 fermé" ||
		!strings.Contains(again.Get("weekly"), "vendredi 22:00-02:00\nsamedi 10:00-12:00, 14:00-18:00") {
		t.Errorf("shown again: %v", again)
	}

	f = admin.fill(t, "/desk/teams/new")
	for name, v := range map[string]string{"id": "orders", "name": "Commandes", "email": "orders@Example.org", "notify": "1", "chat_on": "1", "chat_calendar": "night"} {
		f.Set(name, v)
	}
	f["email_langs"], f["chat_langs"] = []string{"fr", "en"}, []string{"fr"}
	saved("/desk/teams/new", f)
	f = admin.fill(t, "/desk/categories/order")
	f.Set("team", "orders")
	f.Set("text_fr_label", "Ma commande")
	f.Set("first_answer", "4,5")
	saved("/desk/categories/order", f)

	team, category, err := h.Routing.Route("order", kb.French)
	want := support.Team{ID: "orders", Name: "Commandes", Email: "orders@example.org", Notify: true, Channels: []support.TeamChannel{
		{Channel: support.ChannelEmail, Calendar: "default", Langs: []kb.Lang{kb.English, kb.French}}, {Channel: support.ChannelChat, Calendar: "night", Langs: []kb.Lang{kb.French}}}}
	if d := cmp.Diff(want, team); err != nil || d != "" {
		t.Errorf("a French request: %v (-want +got):\n%s", err, d)
	}
	if category.SLA.FirstAnswer != 270*time.Minute || h.Routing.Text(category, kb.French).Label != "Ma commande" || h.Routing.Text(category, kb.German).Label != "Eine Bestellung" {
		t.Errorf("the category: %+v", category)
	}
	if team, _, err := h.Routing.Route("order", kb.Polish); err != nil || team.ID != "support" {
		t.Errorf("a Polish request, which that team does not answer: %s, %v", team.ID, err)
	}

	// What is no longer offered is said clearly, and the page says so.
	f = admin.fill(t, "/desk/categories/order")
	f.Set("disabled", "1")
	saved("/desk/categories/order", f)
	if _, _, err := h.Routing.Route("order", kb.French); err == nil || !strings.Contains(err.Error(), "category: problem.category_gone") {
		t.Errorf("a category that was removed meanwhile: %v", err)
	}
	if _, page, _ := admin.get(t, "/desk/categories"); strings.Count(page, `class="chip"`) != 1 {
		t.Error("the list does not say that the category is off")
	}

	// An agent of that team.
	agents, err := h.Routing.Agents(t.Context(), app.Operator)
	if err != nil {
		t.Fatal(err)
	}
	path := "/desk/agents/" + string(agents[0].Value.ID)
	f = admin.fill(t, path)
	f["langs"], f["teams"] = []string{"fr", "pl"}, []string{"orders"}
	f.Set("chat_on", "1")
	f.Set("chat_capacity", "3")
	saved(path, f)
	s := h.Routing.Skills(agents[0].Value.ID)
	if !s.Takes(support.ChannelChat, kb.Polish) || s.Takes(support.ChannelChat, kb.German) || s.Takes(support.ChannelCallback, kb.French) || !s.In("orders") || s.In("support") || s.Capacity[support.ChannelChat] != 3 {
		t.Errorf("skills: %+v", s)
	}
	for _, page := range []string{"/desk/teams", "/desk/calendars", "/desk/agents"} {
		_, text, _ := admin.get(t, page)
		checkPage(t, page, text, "en")
	}
}

// TestRoutingFormsLoseNothing: wrong fields each with a word, and all that was typed comes back.
func TestRoutingFormsLoseNothing(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	admin := newAdmin(t, h)
	agents, err := h.Routing.Agents(t.Context(), app.Operator)
	if err != nil {
		t.Fatal(err)
	}
	me := "/desk/agents/" + string(agents[0].Value.ID)
	for _, x := range []struct {
		path  string
		typed []string // name and value in turn
		wrong []string
	}{
		{"/desk/teams/new", []string{"id", "Über", "name", "Équipe <1>", "email", "nobody"}, []string{"id", "email"}},
		{"/desk/teams/new", []string{"id", "x", "name", "", "notify", "1"}, []string{"name", "email"}},
		{"/desk/teams/support", []string{"name", "Autre", "email_langs", "fr"}, []string{"email_langs"}},
		{"/desk/calendars/default", []string{"weekly", "lundi 09:00-12:00\nblursday 9-10", "holidays", "Noël", "openings", "2026-12-24 <matin>", "name", "", "zone", "Paris"}, []string{"weekly", "holidays", "openings", "name", "zone"}},
		{"/desk/calendars/default", []string{"weekly", "lundi 09:00-12:00, 11:00-13:00", "zone", "Paris"}, []string{"weekly", "zone"}},
		{"/desk/calendars/default", []string{"weekly", "lundi 22:00-09:30, 10:00-11:00\nmardi 09:00-10:00"}, []string{"weekly"}},
		{"/desk/calendars/default", []string{"openings", "2026-02-30 fermé"}, []string{"openings"}},
		{"/desk/categories/refund", []string{"position", "-1", "first_answer", "bald", "few_objects", "1.5", "text_fr_hint", "Dites <tout>"}, []string{"position", "first_answer", "few_objects"}},
		{"/desk/categories/refund", []string{"field_1_key", "order", "field_2_key", "2nd", "text_pl_label", strings.Repeat("ł", 81)}, []string{"field_1_key", "field_2_key", "text_pl_label"}},
		{"/desk/categories/refund", []string{"field_4_key", "sort", "field_4_type", "choice", "field_4_choices", "one"}, []string{"field_4_choices", "text_en_field_sort", "text_en_choice_one"}},
		{"/desk/categories/new", []string{"key", "gift"}, []string{"text_en_label"}},
		{me, []string{"disabled", "1", "chat_on", "1", "chat_capacity", "0"}, []string{"disabled", "chat_capacity", "langs"}},
		{me, []string{"callback_on", "1", "callback_capacity", "200", "langs", "fr"}, []string{"callback_capacity"}},
	} {
		f := admin.fill(t, x.path)
		for i := 0; i < len(x.typed); i += 2 {
			f.Set(x.typed[i], x.typed[i+1])
		}
		status, page, _ := admin.post(t, x.path, f, "save", nil)
		if status != http.StatusBadRequest {
			t.Errorf("%s %v: %d", x.path, x.typed, status)
			continue
		}
		checkPage(t, x.path, page, "en")
		var said []string
		for _, m := range regexp.MustCompile(`<li><a href="#([^"]+)">`).FindAllStringSubmatch(page, -1) {
			said = append(said, m[1])
		}
		slices.Sort(said)
		slices.Sort(x.wrong)
		if d := cmp.Diff(x.wrong, said); d != "" {
			t.Errorf("%s %v: wrong fields (-want +got):\n%s", x.path, x.typed, d)
		}
		for _, id := range said {
			if !strings.Contains(page, `id="`+id+`"`) || strings.Contains(page, "desk.routing.") {
				t.Errorf("%s: the word about %s leads nowhere, or is a key", x.path, id)
			}
		}
		got := unescaped(readForm(page).Values)
		for i := 0; i < len(x.typed); i += 2 {
			if got.Get(x.typed[i]) != x.typed[i+1] {
				t.Errorf("%s: %s came back as %q, typed was %q", x.path, x.typed[i], got.Get(x.typed[i]), x.typed[i+1])
			}
		}
	}
	if v := h.Routing.Current().Version; v != 1 {
		t.Errorf("something was saved: version %d", v)
	}
	// What no box of the page offers.
	sent := url.Values{"version": {"1"}, "name": {"Autre"}, "email_calendar": {"nothing"}, "callback_on": {"1"}, "callback_calendar": {"default"}, "callback_langs": {"fr", "pl"}}
	if status, page, _ := admin.post(t, "/desk/teams/support", sent, "save", nil); status != http.StatusBadRequest || !strings.Contains(page, "Possible languages: en es it fr nl de") || !strings.Contains(page, `href="#email_calendar"`) {
		t.Errorf("calls in Polish, a calendar that is not: %d", status)
	}
	// An identifier that is taken.
	f := admin.fill(t, "/desk/teams/new")
	f.Set("id", "support")
	f.Set("name", "Autre")
	if status, page, _ := admin.post(t, "/desk/teams/new", f, "save", nil); status != http.StatusConflict || !strings.Contains(page, `value="Autre"`) || !strings.Contains(page, "is there already") {
		t.Errorf("an identifier that is taken: %d", status)
	}
	if status, page, _ := admin.post(t, "/desk/teams/support", url.Values{"name": {"Autre"}, "version": {"x"}}, "save", nil); status != http.StatusConflict || !strings.Contains(page, `value="Autre"`) {
		t.Errorf("a form without its version: %d", status)
	}
}

// TestAFieldIsAdded: one more row, labels for what is in it, and nothing is saved before it is.
func TestAFieldIsAdded(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	admin := newAdmin(t, h)
	f := admin.fill(t, "/desk/categories/refund")
	f.Set("field_4_key", "kind")
	f.Set("field_4_type", "choice")
	f.Set("field_4_choices", "card box")
	f.Set("field_0_key", "") // the order is no longer asked for
	status, page, _ := admin.post(t, "/desk/categories/refund", f, "more", nil)
	if status != http.StatusOK || h.Routing.Current().Version != 1 {
		t.Fatalf("one more row: %d", status)
	}
	checkPage(t, "more", page, "en")
	f = unescaped(readForm(page).Values)
	if f.Get("field_3_key") != "kind" || f.Get("field_0_key") != "transaction_date" || !f.Has("field_4_key") || !f.Has("text_fr_choice_card") || f.Has("text_fr_field_order") {
		t.Errorf("the form: %v", f)
	}
	for name, v := range map[string]string{"text_fr_field_kind": "Sorte", "text_fr_choice_card": "Carte", "text_de_choice_box": "Kiste"} {
		f.Set(name, v)
	}
	if status, page, at := admin.post(t, "/desk/categories/refund", f, "save", nil); status != http.StatusOK || at.Query().Get("saved") != "1" {
		t.Fatalf("saving: %d %s", status, page)
	}
	c, _ := h.Routing.Current().Category("refund")
	text := h.Routing.Text(c.Value, kb.French)
	if d := cmp.Diff(map[string]string{"card": "Carte", "box": "Kiste"}, text.Choices); d != "" || text.Fields["kind"] != "Sorte" || text.Fields["amount"] != "Montant avec sa devise (12,50 EUR)" || len(c.Value.Fields) != 4 {
		t.Errorf("saved: %+v (-want +got choices):\n%s", c.Value.Fields, d)
	}
}

// TestTwoAdminsAtOnce: the second to save is shown both, and what each changed alone stays.
func TestTwoAdminsAtOnce(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	admin := newAdmin(t, h)
	for path, names := range map[string][2]string{
		"/desk/teams/support":      {"name", "email"},
		"/desk/calendars/default":  {"name", "holidays"},
		"/desk/categories/refund":  {"text_fr_label", "text_pl_hint"},
		"/desk/categories/billing": {"first_answer", "resolution"},
	} {
		values := map[string][3]string{"name": {"Leur nom", "Mon nom", ""}, "email": {"theirs@example.org"}, "holidays": {"2026-12-25 Noël"},
			"text_fr_label": {"Le leur", "Le mien"}, "text_pl_hint": {"Wskazówka"}, "first_answer": {"3", "4"}, "resolution": {"90"}}
		mine, theirs := admin.fill(t, path), admin.fill(t, path)
		theirs.Set(names[0], values[names[0]][0])
		theirs.Set(names[1], values[names[1]][0])
		if status, _, at := admin.post(t, path, theirs, "save", nil); status != http.StatusOK || at.Query().Get("saved") != "1" {
			t.Fatalf("%s: theirs: %d", path, status)
		}
		mine.Set(names[0], values[names[0]][1])
		status, page, _ := admin.post(t, path, mine, "save", nil)
		got := unescaped(readForm(page).Values)
		if status != http.StatusConflict || got.Get(names[0]) != values[names[0]][1] || got.Get(names[1]) != values[names[1]][0] ||
			!strings.Contains(page, "Saved in the meantime by somebody else: "+values[names[0]][0]) || strings.Count(page, `class="theirs"`) != 1 {
			t.Errorf("%s: mine: %d, %v", path, status, got)
		}
		checkPage(t, path, page, "en")
		if status, _, at := admin.post(t, path, got, "save", nil); status != http.StatusOK || at.Query().Get("saved") != "1" {
			t.Errorf("%s: settled: %d", path, status)
		}
		if last := admin.fill(t, path); last.Get(names[0]) != values[names[0]][1] || last.Get(names[1]) != values[names[1]][0] || last.Get("version") != "3" {
			t.Errorf("%s: in the end %v", path, last)
		}
	}
}

// TestHolidaysFromAFile adds the days of an .ics file to what is typed; nothing is saved before it is.
func TestHolidaysFromAFile(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	admin := newAdmin(t, h)
	year := time.Now().Year()
	ics := []byte(strings.ReplaceAll(`BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//x//EN
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20200501
RRULE:FREQ=YEARLY
SUMMARY:Fête <du> travail
END:VEVENT
END:VCALENDAR
`, "\n", "\r\n"))
	const path = "/desk/calendars/default"
	f := admin.fill(t, path)
	f.Set("holidays", "2026-12-25 Noël")
	f.Set("weekly", "lundi 9-") // wrong, and yet not lost
	status, page, _ := admin.post(t, path, f, "import", ics)
	got := unescaped(readForm(page).Values)
	if status != http.StatusOK || strings.Count(got.Get("holidays"), "-05-01 Fête <du> travail") != 6 || !strings.HasPrefix(got.Get("holidays"), "2026-12-25 Noël\n") ||
		got.Get("weekly") != "lundi 9-" || !strings.Contains(page, "6 days read from the file") || h.Routing.Current().Version != 1 {
		t.Fatalf("imported: %d %q", status, got.Get("holidays"))
	}
	checkPage(t, path, page, "en")
	again, _, _ := admin.post(t, path, got, "save", nil)
	if again != http.StatusBadRequest {
		t.Errorf("the wrong week is saved: %d", again)
	}
	got.Set("weekly", "lundi 9-12")
	if status, _, at := admin.post(t, path, got, "save", nil); status != http.StatusOK || at.Query().Get("saved") != "1" {
		t.Errorf("saved: %d", status)
	}
	c, _ := h.Routing.Current().Calendar("default")
	if len(c.Value.Holidays) != 7 || c.Value.Open(time.Date(year, 5, 1, 10, 0, 0, 0, c.Value.Location())) {
		t.Errorf("holidays: %v", c.Value.Holidays)
	}
	for name, file := range map[string][]byte{"no calendar": []byte("PK\x03\x04"), "nothing": nil, "no days": []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"), "two megabytes": bytes.Repeat([]byte("x"), 2<<20)} {
		f := admin.fill(t, path)
		f.Set("name", "Autre <nom>")
		status, page, _ := admin.post(t, path, f, "import", file)
		if status != http.StatusBadRequest || !strings.Contains(page, `href="#ics"`) || unescaped(readForm(page).Values).Get("name") != "Autre <nom>" {
			t.Errorf("%s: %d", name, status)
		}
	}
}

// TestSimulator: what a member sees at a moment, in their language and zone.
func TestSimulator(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	admin := newAdmin(t, h)
	f := admin.fill(t, "/desk/teams/support")
	for _, c := range []string{"chat", "callback"} {
		f.Set(c+"_on", "1")
		f.Set(c+"_calendar", "default")
	}
	if status, _, at := admin.post(t, "/desk/teams/support", f, "save", nil); status != http.StatusOK || at.Query().Get("saved") != "1" {
		t.Fatalf("the team: %d", status)
	}
	agents, err := h.Routing.Agents(t.Context(), app.Operator)
	if err != nil {
		t.Fatal(err)
	}
	path := "/desk/agents/" + string(agents[0].Value.ID)
	f = admin.fill(t, path)
	f["langs"] = []string{"fr"}
	f.Set("chat_on", "1")
	f.Set("chat_capacity", "2")
	if status, _, at := admin.post(t, path, f, "save", nil); status != http.StatusOK || at.Query().Get("saved") != "1" {
		t.Fatalf("the agent: %d", status)
	}
	version := h.Routing.Current().Version
	for name, x := range map[string]struct {
		query       string
		want, never []string
	}{
		"PolishOnSundayNight": {"member_lang=pl&category=refund&objects=1&moment=2026-11-29T23:50&zone=Europe/Warsaw",
			[]string{`data-channel="email" data-state="open"`, `data-channel="chat" data-state="closed"`, `data-channel="callback" data-state="not_offered"`,
				"Najbliższe otwarcie: poniedziałek, 30 listopada, godz. 09:00", "Odpowiedź najpóźniej: wtorek, 1 grudnia, godz. 18:00", "Dostępne języki: English, Español",
				"Kwota z walutą", "Prosimy o informacje"}, []string{"Rückerstattung"}},
		"FrenchOnSaturdayNight": {"member_lang=fr&category=order&objects=1&moment=2026-11-28T23:00&zone=Europe/Paris",
			[]string{`data-channel="chat" data-state="closed"`, "Ouvre lundi 30 novembre à 09:00 (CET)", `data-channel="callback" data-state="open"`, "lundi 30 novembre à 09:00", "Numéro de la commande"}, nil},
		"FrenchAtWork":    {"member_lang=fr&category=order&objects=1&moment=2026-11-30T10:00&zone=Europe/Paris", []string{`data-channel="chat" data-state="open"`, "Quelqu’un vous répond tout de suite"}, nil},
		"NobodySpeaksIt":  {"member_lang=de&category=order&objects=1&moment=2026-11-30T10:00&zone=Europe/Paris", []string{`data-channel="chat" data-state="closed"`, "niemand da, der Ihre Sprache spricht"}, nil},
		"SomebodyIsThere": {"member_lang=de&category=order&objects=1&moment=2026-11-30T10:00&zone=Europe/Paris&present=3", []string{`data-channel="chat" data-state="open"`}, nil},
		"ManyObjects":     {"member_lang=fr&category=order&objects=6&moment=2026-11-30T10:00&zone=Europe/Paris", []string{`data-channel="callback" data-state="not_offered"`, "autant d’objets"}, nil},
		"InLisbon":        {"member_lang=pt&category=order&objects=1&moment=2026-11-28T23:00&zone=Europe/Lisbon", []string{"segunda-feira, 30 de novembro, às 08:00 (WET)"}, nil},
	} {
		status, page, _ := admin.get(t, "/desk/simulator?lang=fr&"+x.query)
		if status != http.StatusOK {
			t.Errorf("%s: %d", name, status)
		}
		checkPage(t, name, page, "fr")
		for _, want := range x.want {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %q: %s", name, want, page[strings.Index(page, `id="seen"`):])
			}
		}
		for _, never := range x.never {
			if strings.Contains(page, never) {
				t.Errorf("%s shows %q", name, never)
			}
		}
	}
	for query, field := range map[string]string{
		"member_lang=xx&category=order&zone=UTC":                    "member_lang",
		"member_lang=fr&category=nothing&zone=UTC":                  "category",
		"member_lang=fr&category=order&zone=Nowhere":                "zone",
		"member_lang=fr&category=order&zone=UTC&moment=tomorrow":    "moment",
		"member_lang=fr&category=order&zone=UTC&objects=many":       "objects",
		"member_lang=fr&category=order&zone=UTC&objects=1&present=": "",
	} {
		status, page, _ := admin.get(t, "/desk/simulator?"+query)
		if want := map[bool]int{true: 200, false: 400}[field == ""]; status != want || field != "" && !strings.Contains(page, `href="#`+field+`"`) {
			t.Errorf("%s: %d", query, status)
		}
		checkPage(t, query, page, "en")
	}
	if err := h.Routing.Refresh(t.Context()); err != nil || h.Routing.Current().Version != version {
		t.Errorf("looking changes something: %v", err)
	}
}
