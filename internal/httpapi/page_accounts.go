package httpapi

import (
	"bytes"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"guichet/internal/auth"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// The pages of accounts: one's own, and everybody's for admins.
const (
	accountPath  = "/desk/account"
	accountsPath = "/desk/accounts"
)

// accountPage is somebody's own account.
type accountPage struct {
	deskView
	Account  auth.Account
	Sessions []sessionView
	MailLang kb.Lang
	Errors   formErrors
	Notice   string
	Show     bool
	ShowURL  string
}

type sessionView struct {
	auth.Session
	Here bool
}

// pageAccount shows one's own account, to staff.
func (s *Server) pageAccount(c *gin.Context) error {
	return s.accountPage(c, http.StatusOK, formErrors{})
}

func (s *Server) accountPage(c *gin.Context, status int, problems formErrors) error {
	v, err := s.staff(c, "account", "desk.account")
	if err != nil {
		return err
	}
	p := accountPage{deskView: v, Errors: problems, Show: c.Query("show") != "", ShowURL: accountPath + "?show=1#password-title"}
	if p.Show {
		p.ShowURL = accountPath + "#password-title"
	}
	var sessions []auth.Session
	if p.Account, sessions, err = s.Auth.Account(c.Request.Context(), actor(c)); err != nil {
		return err
	}
	p.MailLang = s.Auth.Lang(p.Account)
	for _, x := range sessions {
		p.Sessions = append(p.Sessions, sessionView{x, bytes.Equal(x.Hash, ownSession(c).Hash())})
	}
	for _, n := range []string{"changed", "elsewhere", "spoken"} {
		if c.Query(n) != "" && !problems.Any() {
			p.Notice = p.T("desk.account.notice." + n)
		}
	}
	return s.render(c, status, "desk/account", p)
}

// onAccount does something to one's own account, for staff, and shows it again.
func (s *Server) onAccount(c *gin.Context, notice string, do func() error) error {
	if _, err := s.staff(c, "account", ""); err != nil {
		return err
	}
	if err := do(); err != nil {
		problems, status, again := s.formProblem(c, err, nil)
		if !again {
			return err
		}
		return s.accountPage(c, status, problems)
	}
	c.Redirect(http.StatusSeeOther, accountPath+"?"+notice+"=1")
	return nil
}

// pageAccountPassword changes one's own password, for staff.
func (s *Server) pageAccountPassword(c *gin.Context) error {
	fields, err := form(c)
	return s.onAccount(c, "changed", func() error {
		if err != nil {
			return err
		}
		return s.Auth.ChangePassword(c.Request.Context(), actor(c), ownSession(c), fields.Get("current"), fields.Get("password"))
	})
}

// pageAccountLang chooses the language of one's mails, for staff.
func (s *Server) pageAccountLang(c *gin.Context) error {
	fields, err := form(c)
	return s.onAccount(c, "spoken", func() error {
		if err != nil {
			return err
		}
		return s.Auth.SetLang(c.Request.Context(), actor(c), kb.Lang(fields.Get("lang")))
	})
}

// pageAccountElsewhere ends one's other sessions, for staff.
func (s *Server) pageAccountElsewhere(c *gin.Context) error {
	return s.onAccount(c, "elsewhere", func() error {
		return s.Auth.SignOutElsewhere(c.Request.Context(), actor(c), ownSession(c))
	})
}

// accountsPage is everybody who works here.
type accountsPage struct {
	deskView
	Accounts    []auth.Account
	Me          support.AgentID
	Roles       []support.Role
	Errors      formErrors
	Notice      string
	Email, Name string // typed
	Role        support.Role
}

// pageAccounts lists who works here, to admins.
func (s *Server) pageAccounts(c *gin.Context) error {
	return s.accountsPage(c, http.StatusOK, func(*accountsPage) {})
}

func (s *Server) accountsPage(c *gin.Context, status int, with func(*accountsPage)) error {
	v, err := s.admin(c, "accounts", "desk.accounts")
	if err != nil {
		return err
	}
	p := accountsPage{deskView: v, Me: actor(c).Agent.ID, Role: support.RoleAgent,
		Roles: []support.Role{support.RoleAgent, support.RoleEditor, support.RoleAdmin}}
	if p.Accounts, err = s.Auth.Accounts(c.Request.Context(), actor(c)); err != nil {
		return err
	}
	for _, n := range []string{"invited", "role", "disabled", "enabled"} {
		if c.Query(n) != "" {
			p.Notice = p.T("desk.accounts.notice." + n)
		}
	}
	with(&p)
	return s.render(c, status, "desk/accounts", p)
}

// onAccounts does something to somebody's account, for admins, and shows the list again.
func (s *Server) onAccounts(c *gin.Context, notice string, do func() error, failed func(*accountsPage)) error {
	if _, err := s.admin(c, "accounts", ""); err != nil {
		return err
	}
	if err := do(); err != nil {
		problems, status, again := s.formProblem(c, err, nil)
		if !again {
			return err
		}
		return s.accountsPage(c, status, func(p *accountsPage) {
			p.Errors, p.Notice = problems, ""
			failed(p)
		})
	}
	c.Redirect(http.StatusSeeOther, accountsPath+"?"+notice+"=1")
	return nil
}

// pageInvite invites somebody, for admins.
func (s *Server) pageInvite(c *gin.Context) error {
	fields, err := form(c)
	role := support.Role(fields.Get("role"))
	return s.onAccounts(c, "invited", func() error {
		if err != nil {
			return err
		}
		return s.Auth.Invite(c.Request.Context(), actor(c), fields.Get("email"), fields.Get("name"), role)
	}, func(p *accountsPage) {
		p.Email, p.Name, p.Role = fields.Get("email"), fields.Get("name"), role
	})
}

// pageAccountRole changes somebody's role, for admins.
func (s *Server) pageAccountRole(c *gin.Context) error {
	fields, err := form(c)
	return s.onAccounts(c, "role", func() error {
		if err != nil {
			return err
		}
		id, err := agentID(c)
		if err != nil {
			return err
		}
		return s.Auth.SetRole(c.Request.Context(), actor(c), id, support.Role(fields.Get("role")))
	}, func(*accountsPage) {})
}

// pageAccountDisable lets somebody in no more, for admins.
func (s *Server) pageAccountDisable(c *gin.Context) error { return s.accountDisabled(c, true) }

// pageAccountEnable lets somebody in again, for admins.
func (s *Server) pageAccountEnable(c *gin.Context) error { return s.accountDisabled(c, false) }

func (s *Server) accountDisabled(c *gin.Context, disabled bool) error {
	notice := "enabled"
	if disabled {
		notice = "disabled"
	}
	return s.onAccounts(c, notice, func() error {
		id, err := agentID(c)
		if err != nil {
			return err
		}
		return s.Auth.SetDisabled(c.Request.Context(), actor(c), id, disabled)
	}, func(*accountsPage) {})
}

// agentID reads the agent of the address; what is no id is NotFound.
func agentID(c *gin.Context) (support.AgentID, error) {
	id := c.Param("id")
	if uuid.Validate(id) != nil {
		return "", problem.New(problem.NotFound, "")
	}
	return support.AgentID(id), nil
}
