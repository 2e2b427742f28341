package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"guichet/internal/mail"
	"guichet/internal/site"
)

// minSpace is what a busy day writes, many times over: PostgreSQL stops where nothing is left.
const minSpace = 1 << 30

func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the data folder %s cannot be made: %w", dir, err)
	}
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return fmt.Errorf("the data folder %s cannot be written: %w", dir, err)
	}
	f.Close()
	return os.Remove(filepath.Clean(f.Name()))
}

// freeSpace is how many bytes an ordinary account may still write into dir.
func freeSpace(dir string) (uint64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("the free space of %s is not known: %w", dir, err)
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil
}

// address sees that members reach guichet where links send them.
func (d *doctor) address(ctx context.Context, up bool) {
	base := d.cfg.Base
	if base.Scheme == "http" && !site.Loopback(base.Hostname()) {
		d.say("address", fmt.Errorf("GUICHET_BASE_URL is %s: without https, whoever is on the way reads links and sessions", base), "")
		return
	}
	if !up {
		d.say("address", nil, "Links lead to %s; whether guichet is found there can be seen while it runs.", base)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	text, err := fetch(ctx, strings.TrimSuffix(base.String(), "/")+"/healthz")
	if err == nil && string(text) != "ok\n" {
		err = errors.New("something else answers there")
	}
	if err != nil {
		err = fmt.Errorf("links lead to %s (GUICHET_BASE_URL), and guichet is not found there: %w", base, err)
	}
	if site.Loopback(base.Hostname()) {
		d.say("address", err, "guichet is found at %s, which only this machine reaches: set GUICHET_BASE_URL before others shall.", base)
		return
	}
	d.say("address", err, "guichet is found at %s.", base)
}

// proxies sees that members are told apart by their addresses.
func (d *doctor) proxies() error {
	for _, p := range d.cfg.Trusted {
		if p.Bits() == 0 {
			return fmt.Errorf("GUICHET_TRUSTED_PROXIES holds %s, so anybody can claim any address", p)
		}
	}
	if d.cfg.Base.Scheme == "https" && len(d.cfg.Trusted) == 0 {
		return errors.New("GUICHET_BASE_URL is https, so a proxy stands before guichet, but GUICHET_TRUSTED_PROXIES is empty: all members share one network's budget of questions")
	}
	return nil
}

func (d *doctor) proxiesSentence() string {
	if len(d.cfg.Trusted) == 0 {
		return "No proxy is trusted: members are known by the address that they connect from."
	}
	return fmt.Sprintf("X-Forwarded-For is believed from %s.", strings.Join(d.cfg.Proxies, ", "))
}

// embedding sees that the pages of sites can load the help center.
func (d *doctor) embedding(sites []string) error {
	for _, origin := range sites {
		host := origin[strings.Index(origin, "://")+3:]
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		switch {
		case site.Loopback(host):
		case site.Loopback(d.cfg.Base.Hostname()):
			return fmt.Errorf("%s embeds the help center, but GUICHET_BASE_URL is %s, which its visitors do not reach", origin, d.cfg.Base)
		case strings.HasPrefix(origin, "https:") && d.cfg.Base.Scheme == "http":
			return fmt.Errorf("%s embeds the help center, but GUICHET_BASE_URL is %s, and browsers load nothing by http into a page of https", origin, d.cfg.Base)
		}
	}
	return nil
}

// mail sees that the mail server answers, and that others take mails in our name.
func (d *doctor) mail(ctx context.Context, to site.MailServer) {
	if to.URL == "" {
		d.say("mail", nil, "No mail server is set: mail goes to a local mailbox that admins read at /desk/mailbox.")
		return
	}
	encrypted, err := mail.Ping(ctx, to.URL)
	host := ""
	if u, err := url.Parse(to.URL); err == nil {
		host = u.Hostname()
	}
	switch {
	case err != nil:
		d.say("mail", err, "")
	case encrypted:
		d.say("mail", nil, "The mail server %s answers, encrypted.", host)
	case site.Loopback(host) || strings.Contains(to.URL, "tls=none"):
		d.say("mail", nil, "The mail server %s answers, not encrypted.", host)
	default:
		d.say("mail", fmt.Errorf("the mail server %s offers no STARTTLS, so mails can be read on the way: if that is meant, add ?tls=none to SMTP_URL", host), "")
	}
	d.sender(ctx, cmp.Or(to.From, d.cfg.NoReply))
}

// sender sees that mails come from an address that other servers take for one.
func (d *doctor) sender(ctx context.Context, from string) {
	address, err := netmail.ParseAddress(from)
	if err != nil {
		d.say("sender", fmt.Errorf("the sender of mails, %q, is not an address", from), "")
		return
	}
	domain := address.Address[strings.LastIndexByte(address.Address, '@')+1:]
	public := net.ParseIP(strings.Trim(domain, "[]")) == nil && strings.Contains(domain, ".") && !site.Loopback(domain)
	switch {
	case !public && site.Loopback(d.cfg.Base.Hostname()):
		d.say("sender", nil, "Mails come from %s, which will do on this machine alone: set GUICHET_MAIL_FROM before others shall get them.", address.Address)
		return
	case !public:
		d.say("sender", fmt.Errorf("mails come from %s, and other mail servers refuse such a sender: set GUICHET_MAIL_FROM", address.Address), "")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var dns *net.DNSError
	switch err := d.accepts(ctx, domain); {
	case err == nil:
		d.say("sender", nil, "Mails come from %s, and its domain takes mail.", address.Address)
	case errors.As(err, &dns) && dns.IsNotFound:
		d.say("sender", fmt.Errorf("mails come from %s, but the domain %s has no mail server in the DNS, so others refuse them: set GUICHET_MAIL_FROM", address.Address, domain), "")
	default:
		d.say("sender", nil, "Mails come from %s; its domain cannot be looked up from here.", address.Address)
	}
}

// acceptsMail looks for a domain's mail server, which its own address stands for where none is named.
func acceptsMail(ctx context.Context, domain string) error {
	var resolver net.Resolver
	if found, err := resolver.LookupMX(ctx, domain); err == nil && len(found) > 0 {
		return nil
	}
	_, err := resolver.LookupHost(ctx, domain)
	return err
}
