package httpapi_test

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"guichet/internal/app/apptest"
	"guichet/internal/config"
	"guichet/internal/mail/mailtest"
	"guichet/internal/support"
)

// settingsForm is the settings page as somebody types in it: its fields by name, all of them.
type settingsForm struct {
	url.Values
	logo []byte
}

var (
	inputs    = regexp.MustCompile(`<input ([^>]*)>`)
	attribute = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
	options   = regexp.MustCompile(`<option value="([^"]*)"[^>]* selected`)
	selects   = regexp.MustCompile(`(?s)<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>`)
	areas     = regexp.MustCompile(`(?s)<textarea [^>]*name="([^"]*)"[^>]*>(.*?)</textarea>`)
)

// readForm takes the fields from the page, as a browser does.
func readForm(page string) settingsForm {
	f := settingsForm{Values: url.Values{}}
	for _, m := range inputs.FindAllStringSubmatch(page, -1) {
		a := map[string]string{}
		for _, kv := range attribute.FindAllStringSubmatch(m[1], -1) {
			a[kv[1]] = kv[2]
		}
		if a["name"] == "" || a["type"] == "file" || a["type"] == "checkbox" && !strings.Contains(m[1], " checked") {
			continue
		}
		f.Add(a["name"], a["value"])
	}
	for _, m := range selects.FindAllStringSubmatch(page, -1) {
		if o := options.FindStringSubmatch(m[2]); o != nil {
			f.Set(m[1], o[1])
		}
	}
	for _, m := range areas.FindAllStringSubmatch(page, -1) {
		f.Set(m[1], m[2])
	}
	return f
}

// settings opens the settings page.
func (b *browser) settings(t *testing.T) settingsForm {
	t.Helper()
	status, page, _ := b.get(t, "/desk/settings")
	if status != http.StatusOK {
		t.Fatalf("the settings page: %d", status)
	}
	return readForm(page)
}

// press sends the form by one of its buttons.
func (b *browser) press(t *testing.T, f settingsForm, button string) (int, string, *url.URL) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range f.Values {
		for _, v := range values {
			if err := w.WriteField(name, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.WriteField("do", button)
	part, err := w.CreateFormFile("logo", "logo.png")
	if err != nil {
		t.Fatal(err)
	}
	part.Write(f.logo)
	w.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/desk/settings", &body)
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

// change saves the settings page with some fields typed anew.
func (b *browser) change(t *testing.T, fields ...string) {
	t.Helper()
	f := b.settings(t)
	for i := 0; i < len(fields); i += 2 {
		f.Set(fields[i], fields[i+1])
	}
	if status, page, at := b.press(t, f, "save"); status != http.StatusOK || at.RawQuery != "saved=1" {
		t.Fatalf("saving %v: %d at %s: %s", fields, status, at, page)
	}
}

func newAdmin(t *testing.T, h *apptest.House) *browser {
	t.Helper()
	b := newBrowser(t, h)
	b.signIn(t, h, "admin@example.org", support.RoleAdmin)
	return b
}

func TestSettingsAreForAdmins(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	guest, agent, editor, admin := newBrowser(t, h), newBrowser(t, h), newBrowser(t, h), newAdmin(t, h)
	agent.signIn(t, h, "agent@example.org", support.RoleAgent)
	editor.signIn(t, h, "editor@example.org", support.RoleEditor)
	form := admin.settings(t)
	form.Set("name", "Autre nom")
	for name, c := range map[string]struct {
		b    *browser
		want int
	}{"guest": {guest, 401}, "agent": {agent, 403}, "editor": {editor, 403}} {
		if status, page, _ := c.b.get(t, "/desk/settings"); status != c.want || strings.Contains(page, `name="smtp_host"`) {
			t.Errorf("opened as %s: %d", name, status)
		}
		for _, button := range []string{"save", "test", "show"} {
			if status, _, _ := c.b.press(t, form, button); status != c.want {
				t.Errorf("%s as %s: %d, want %d", button, name, status, c.want)
			}
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/desk/settings", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://evil.example")
	answer, err := admin.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("from another site, with the admin's cookie: %d", answer.StatusCode)
	}
	if h.Site.Current().Name != "" {
		t.Error("somebody changed the name")
	}
	if _, page, _ := agent.get(t, "/desk"); strings.Contains(page, "/desk/settings") {
		t.Error("an agent is shown the way to the settings")
	}
}

// TestSettingsHoldAtOnce follows what is saved to where it shows.
func TestSettingsHoldAtOnce(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	admin, reader := newAdmin(t, h), newBrowser(t, h)
	admin.change(t, "name", "Aide <Boutique>", "legal", "/fr/articles/mentions", "privacy", "https://shop.example/privacy", "terms", "/terms",
		"sites", "https://shop.example", "accent", "#ffd400")
	_, page, _ := reader.get(t, "/fr")
	for _, want := range []string{"<span>Aide &lt;Boutique&gt;</span>", `href="/fr/articles/mentions">Mentions légales`,
		`href="https://shop.example/privacy">Confidentialité`, `href="/terms">Conditions d’utilisation`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	theme := regexp.MustCompile(`<link rel="stylesheet" nonce="[^"]+" href="(/assets/theme\.css\?v=[0-9a-f]+)">`).FindStringSubmatch(page)
	if theme == nil || strings.Index(page, "theme.css") < strings.Index(page, "page.css") {
		t.Fatal("the theme is not linked after page.css")
	}
	answer, css := getOnce(t, h.URL+theme[1], nil)
	if !strings.Contains(css, "--accent:#ffd400;") || !strings.Contains(css, "--on-accent:#0c1512") ||
		!strings.Contains(answer.Header.Get("Cache-Control"), "immutable") || answer.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("theme %v: %s", answer.Header, css)
	}
	if answer, _ := getOnce(t, h.URL+"/assets/theme.css?v=old", nil); answer.Header.Get("Cache-Control") != "no-cache" {
		t.Error("another version's address is kept for ever")
	}
	if _, page, _ := reader.get(t, "/fr/panel"); !strings.Contains(page, theme[1]) {
		t.Error("the widget's panel has not the theme")
	}
	origin := map[string]string{"Origin": "https://shop.example"}
	if answer, _ := getOnce(t, h.URL+"/api/v1/contact-options", origin); answer.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" {
		t.Error("the allowed site may not call")
	}
	if answer, _ := getOnce(t, h.URL+"/fr/panel", nil); !strings.Contains(answer.Header.Get("Content-Security-Policy"), "frame-ancestors 'self' https://shop.example") {
		t.Errorf("frames: %s", answer.Header.Get("Content-Security-Policy"))
	}
	admin.change(t, "sites", "", "accent", "", "legal", "", "name", "")
	if answer, _ := getOnce(t, h.URL+"/api/v1/contact-options", origin); answer.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("the site may still call")
	}
	if status, _, _ := reader.get(t, "/assets/theme.css"); status != http.StatusNotFound {
		t.Errorf("no theme: %d", status)
	}
	if _, page, _ := reader.get(t, "/fr"); strings.Contains(page, "theme.css") || strings.Contains(page, "Mentions légales") || strings.Contains(page, "Boutique") {
		t.Error("what was taken away still shows")
	}
}

// getOnce gets an address without following redirects.
func getOnce(t *testing.T, address string, header map[string]string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func TestLanguagesOffered(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	admin := newAdmin(t, h)
	f := admin.settings(t)
	f.Values["langs"] = []string{"fr", "de"}
	f.Set("default", "de")
	if status, _, at := admin.press(t, f, "save"); status != http.StatusOK || at.RawQuery != "saved=1" {
		t.Fatalf("saving: %d at %s", status, at)
	}
	for from, to := range map[string]string{
		"/":                       "/de",
		"/pl":                     "/de",
		"/pl/search?q=zwrot":      "/de/search?q=zwrot",
		"/pl/collections/refunds": "/de/collections/refunds",
		"/en/requests/new":        "/de/requests/new",
		"/pl/panel":               "/de/panel",
	} {
		answer, _ := getOnce(t, h.URL+from, map[string]string{"Accept-Language": "pl, en;q=0.8"})
		if answer.StatusCode != http.StatusFound || answer.Header.Get("Location") != to {
			t.Errorf("%s: %d to %s, want %s", from, answer.StatusCode, answer.Header.Get("Location"), to)
		}
	}
	if answer, _ := getOnce(t, h.URL+"/", map[string]string{"Accept-Language": "pl, fr;q=0.8"}); answer.Header.Get("Location") != "/fr" {
		t.Errorf("a browser that asks for Polish, then French: %s", answer.Header.Get("Location"))
	}
	en, _, err := h.Database().Version(t.Context(), "refund-request.en", 0)
	if err != nil {
		t.Fatal(err)
	}
	de, _, err := h.Database().Version(t.Context(), "refund-request.de", 0)
	if err != nil {
		t.Fatal(err)
	}
	if answer, _ := getOnce(t, h.URL+"/en/articles/"+en.Slug+"?cite=x", nil); answer.StatusCode != http.StatusFound || answer.Header.Get("Location") != "/de/articles/"+de.Slug+"?cite=x" {
		t.Errorf("an article: %d to %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	if answer, _ := getOnce(t, h.URL+"/en/articles/nothing", nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("no article: %d", answer.StatusCode)
	}
	if answer, page := getOnce(t, h.URL+"/pl/nothing/at/all", nil); answer.StatusCode != http.StatusNotFound || !strings.Contains(page, `<html lang="de"`) {
		t.Errorf("no page: %d", answer.StatusCode)
	}
	_, home := getOnce(t, h.URL+"/fr", nil)
	_, listed := getOnce(t, h.URL+"/sitemap.xml", nil)
	_, widget := getOnce(t, h.URL+"/widget.js", nil)
	for name, text := range map[string]string{"home": home, "sitemap": listed} {
		if strings.Contains(text, `hreflang="pl"`) || strings.Contains(text, "/pl") || !strings.Contains(text, `hreflang="de"`) {
			t.Errorf("%s names languages that are not offered, or not those that are", name)
		}
	}
	if strings.Contains(widget, `"pl":`) {
		t.Error("the widget speaks Polish")
	}
	// A form that was open in Polish is taken.
	if status, page, at := newBrowser(t, h).send(t, "/pl/requests/new", "client_id", "form-0001", "email", "ola@example.org", "category", "refund", "text", "Dzień dobry"); status != http.StatusOK ||
		!strings.HasPrefix(at.Path, "/de/requests/") || !strings.Contains(page, "Dzień dobry") {
		t.Errorf("the Polish form: %d at %s", status, at)
	}
}

func TestSettingsFormLosesNothing(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	admin := newAdmin(t, h)
	var logo bytes.Buffer
	if err := png.Encode(&logo, image.NewGray(image.Rect(0, 0, 300, 100))); err != nil {
		t.Fatal(err)
	}
	f := admin.settings(t)
	f.Set("name", "Aide")
	f.Set("sites", "https://shop.example\nnot a site")
	f.Set("accent", "yellow")
	f.Set("smtp_host", "mail.example")
	f.Set("smtp_user", "u")
	f.Set("smtp_password", "s3same-open")
	f.logo = logo.Bytes()
	status, page, _ := admin.press(t, f, "save")
	for _, want := range []string{`href="#sites"`, `href="#accent"`, "Line 2", `value="Aide"`, "not a site", `value="yellow"`, `value="mail.example"`, `name="logo_sent"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the form came back without %s", want)
		}
	}
	if status != http.StatusBadRequest || strings.Contains(page, "s3same") || strings.Contains(page, "desk.settings.") {
		t.Errorf("status %d, or the password, or a key is in the page", status)
	}
	f = readForm(page)
	f.Set("sites", "https://shop.example")
	f.Set("accent", "#123456")
	if status, page, at := admin.press(t, f, "save"); status != http.StatusOK || at.RawQuery != "saved=1" || strings.Contains(page, "s3same") {
		t.Fatalf("mended: %d at %s", status, at)
	}
	m, err := h.Site.Mail()
	if err != nil || m.URL != "smtp://u:s3same-open@mail.example:587?tls=required" {
		t.Errorf("mail by %v, %v: the password that was typed first is lost", m, err)
	}
	_, page, _ = newBrowser(t, h).get(t, "/fr")
	src := regexp.MustCompile(`<img class="logo" src="(/assets/logo\.png\?v=[0-9a-f]+)" width="300" height="100" alt="Aide">`).FindStringSubmatch(page)
	if src == nil {
		t.Fatal("the logo is not in the header")
	}
	answer, b := getOnce(t, h.URL+src[1], nil)
	if answer.Header.Get("Content-Type") != "image/png" || !strings.HasPrefix(b, "\x89PNG") || !strings.Contains(answer.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("the logo: %v", answer.Header)
	}
	f = admin.settings(t)
	f.logo = bytes.Repeat([]byte("x"), 3<<20)
	f.Set("name", "Nouvelle aide")
	if status, page, _ := admin.press(t, f, "save"); status != http.StatusBadRequest || !strings.Contains(page, `value="Nouvelle aide"`) || !strings.Contains(page, `href="#logo"`) {
		t.Errorf("a logo of 3 MB: %d", status)
	}
	admin.change(t, "logo_remove", "1")
	if status, _, _ := admin.get(t, "/assets/logo.png"); status != http.StatusNotFound {
		t.Errorf("the removed logo: %d", status)
	}

	// Another admin was faster.
	mine := admin.settings(t)
	admin.change(t, "name", "Leur nom", "terms", "/theirs")
	mine.Set("name", "Mon nom")
	status, page, _ = admin.press(t, mine, "save")
	if status != http.StatusConflict || !strings.Contains(page, "Leur nom") || !strings.Contains(page, `value="Mon nom"`) || !strings.Contains(page, `value="/theirs"`) {
		t.Errorf("two admins: %d", status)
	}
	if status, _, at := admin.press(t, readForm(page), "save"); status != http.StatusOK || at.RawQuery != "saved=1" || h.Site.Current().Name != "Mon nom" || h.Site.Current().TermsURL != "/theirs" {
		t.Errorf("settled: %d, %+v", status, h.Site.Current())
	}
}

func TestSettingsThatTheOperatorFixed(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true, Settings: func(s *config.Settings) {
		s.SiteName, s.Sites, s.SMTPURL = "Aide fixée", []string{"https://Shop.example/"}, "smtp://u:s3same@127.0.0.1:1?tls=none"
	}})
	admin := newAdmin(t, h)
	_, page, _ := admin.get(t, "/desk/settings")
	for _, want := range []string{"Fixed by GUICHET_SITE_NAME", "Fixed by GUICHET_SITES", "127.0.0.1:1, fixed by SMTP_URL", `value="Aide fixée"`, ">https://shop.example<"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "s3same") || strings.Contains(page, `name="smtp_host"`) || strings.Contains(page, "Fixed by GUICHET_LEGAL_URL") {
		t.Error("the page says too much")
	}
	admin.change(t, "name", "Autre", "privacy", "/p")
	if s := h.Site.Current(); s.Name != "Aide fixée" || s.PrivacyURL != "/p" {
		t.Errorf("%+v", s)
	}
	if _, page, _ := admin.press(t, admin.settings(t), "test"); !strings.Contains(page, "refused") || strings.Contains(page, "s3same") {
		t.Error("the test does not try the fixed server")
	}
}

// TestMailSettings tries a real mail server from the page, saves it, and mail that was promised before
// leaves by it.
func TestMailSettings(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	admin := newAdmin(t, h)
	server := mailtest.Start(t, mailtest.Config{User: "aide", Password: "s3same"})
	host, port, _ := strings.Cut(server.Address(), ":")
	f := admin.settings(t)
	if got := f.Get("test_to"); got != "admin@example.org" {
		t.Errorf("the test goes to %q by default", got)
	}
	for name, v := range map[string]string{"smtp_host": host, "smtp_port": port, "smtp_security": "none", "smtp_user": "aide",
		"smtp_password": "wrong", "mail_from": "aide@example.org", "name": "Pas encore"} {
		f.Set(name, v)
	}
	status, page, _ := admin.press(t, f, "test")
	if status != http.StatusOK || !strings.Contains(page, "refuses the account or the password") || strings.Contains(page, `"wrong"`) {
		t.Errorf("a wrong password: %d: %s", status, page)
	}
	f = readForm(page)
	f.Set("smtp_password", "s3same")
	_, page, _ = admin.press(t, f, "test")
	if !strings.Contains(page, "has accepted the test e-mail for admin@example.org") || strings.Contains(page, "s3same") {
		t.Error("the right password does not do")
	}
	if m := server.Messages(); len(m) != 1 || m[0].From != "aide@example.org" || m[0].To[0] != "admin@example.org" {
		t.Errorf("arrived: %v", m)
	}
	if s := h.Site.Current(); s.SendsMail || s.Name != "" {
		t.Error("the test saved something")
	}
	server.Behave(mailtest.RefuseRecipient)
	f = readForm(page) // the password stands in it, sealed
	if _, page, _ = admin.press(t, f, "test"); !strings.Contains(page, "refuses the recipient") || !strings.Contains(page, "nobody of that name") {
		t.Error("a refused recipient is not said")
	}
	server.Behave(mailtest.Accept)
	newBrowser(t, h).request(t, "fr", "claire@example.org", "Bonjour, où est mon remboursement ?") // its mail is promised now
	if _, page, _ := admin.get(t, "/desk/mailbox"); strings.Contains(page, "e-mails leave by") {
		t.Error("the mailbox says that mail leaves")
	}
	if status, _, at := admin.press(t, readForm(page), "save"); status != http.StatusOK || at.RawQuery != "saved=1" {
		t.Fatalf("saving: %d at %s", status, at)
	}
	if _, page, _ := admin.get(t, "/desk/mailbox"); !strings.Contains(page, "E-mails leave by the mail server") {
		t.Error("the mailbox does not say that mail leaves")
	}
	runner, err := h.Jobs()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- runner.Run(t.Context()) }()
	t.Cleanup(func() { <-done })
	if !slices.ContainsFunc(server.Wait(t, 2), func(m mailtest.Message) bool { return m.To[0] == "claire@example.org" }) {
		t.Error("the promised mail did not leave by the new server")
	}
}
