package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// handler is a gin handler that returns its error; see handle.
type handler func(c *gin.Context) error

// routes is every address of the house.
func (s *Server) routes() {
	s.engine.Use(s.observe, s.compress, s.recover, s.secure, s.identify, s.offered)
	s.engine.NoRoute(s.handle(s.notFound))
	s.engine.NoMethod(s.handle(s.methodNotAllowed))

	// Machines.
	s.get("/healthz", s.healthz)
	s.get("/readyz", s.readyz)
	s.get("/robots.txt", s.robots)
	s.get("/sitemap.xml", s.sitemap)
	s.get("/favicon.ico", s.favicon)
	s.get("/assets/*file", s.asset)
	s.get("/widget.js", s.widget)
	s.get("/widget.d.ts", s.widgetTypes)

	// The API.
	api := "/api/v1"
	s.get(api+"/search", s.apiSearch)
	s.post(api+"/search", s.apiSearch)
	s.post(api+"/ask", s.apiAsk)
	s.post(api+"/answers/:id/feedback", s.apiRate)
	s.post(api+"/conversations", s.apiOpenConversation)
	s.get(api+"/conversations/:id", s.apiConversation)
	s.post(api+"/conversations/:id/questions", s.apiAskIn)
	s.post(api+"/conversations/:id/messages", s.apiMessage)
	s.get(api+"/conversations/:id/contact-options", s.apiConversationOptions)
	s.post(api+"/conversations/:id/similar", s.apiSimilar)
	s.post(api+"/conversations/:id/handoff", s.apiHandoff)
	s.post(api+"/conversations/:id/fields", s.apiFields)
	s.post(api+"/conversations/:id/attachments", s.apiUpload)
	s.get(api+"/conversations/:id/attachments/:file", s.apiAttachment)
	s.delete(api+"/conversations/:id/attachments/:file", s.apiDiscard)
	s.get(api+"/conversations/:id/attachments/:file/content", s.apiAttachmentContent)
	s.get(api+"/attachments/limits", s.apiAttachmentLimits)
	s.get(api+"/contact-options", s.apiContactOptions)
	s.get(api+"/challenge", s.apiChallenge)
	s.get(api+"/articles", s.apiArticles)
	s.get(api+"/articles/:lang/:slug", s.apiArticle)
	s.post(api+"/articles/:lang/:slug/feedback", s.apiArticleFeedback)
	s.get(api+"/openapi.json", s.openAPI)

	// Members, whom their site vouches for.
	s.post(api+"/identity", s.apiIdentify)
	s.delete(api+"/identity", s.apiSignOut)
	s.get(api+"/me", s.apiMe)
	s.get(api+"/me/orders", s.apiMyOrders)
	s.get(api+"/me/objects", s.apiMyObjects)

	// Members' own requests: by their session, or by the cookie of the help center's own pages.
	s.get(api+"/tickets", s.apiTickets)
	s.get(api+"/tickets/:ref", s.apiTicket)
	s.post(api+"/tickets/:ref/messages", s.apiTicketMessage)
	s.post(api+"/tickets/:ref/solved", s.apiTicketSolved)
	s.post(api+"/tickets/:ref/reopen", s.apiTicketReopen)
	s.post(api+"/tickets/:ref/read", s.apiTicketRead)
	s.post(api+"/tickets/:ref/attachments", s.apiTicketUpload)
	s.get(api+"/tickets/:ref/attachments/:file/content", s.myFile)

	// The servers of embedding sites.
	s.put(api+"/host/members", s.apiPutMembers)
	s.put(api+"/host/members/:id", s.apiPutMember)
	s.get(api+"/host/members/:id", s.apiGetMember)
	s.delete(api+"/host/members/:id", s.apiDeleteMember)
	s.post(api+"/host/members/:id/recently-viewed", s.apiViewed)
	s.put(api+"/host/orders", s.apiPutOrders)
	s.put(api+"/host/orders/:id", s.apiPutOrder)
	s.get(api+"/host/orders/:id", s.apiGetOrder)
	s.delete(api+"/host/orders/:id", s.apiDeleteOrder)
	s.put(api+"/host/objects", s.apiPutObjects)
	s.put(api+"/host/objects/:id", s.apiPutObject)
	s.get(api+"/host/objects/:id", s.apiGetObject)
	s.delete(api+"/host/objects/:id", s.apiDeleteObject)

	// The help center. :lang is one of the nine; another first part is not found.
	s.get("/", s.pageRoot)
	s.get("/chat", s.chatRoot)
	s.get("/:lang", s.pageHome)
	s.get("/:lang/panel", s.pagePanel)
	s.get("/:lang/chat", s.pageChat)
	s.get("/:lang/feed.atom", s.feed)
	s.get("/:lang/opensearch.xml", s.openSearch)
	s.get("/:lang/search", s.pageSearch)
	s.get("/:lang/ask", s.pageAsk)
	s.get("/:lang/answers/:id", s.pageAnswer)
	s.post("/:lang/answers/:id/feedback", s.pageRate)
	s.get("/:lang/collections/:key", s.pageCollection)
	s.get("/:lang/articles/:slug", s.pageArticle)
	s.post("/:lang/articles/:slug/feedback", s.pageFeedback)
	s.get("/:lang/requests/new", s.pageRequestForm)
	s.post("/:lang/requests/new", s.pageRequestSend)
	s.get("/:lang/requests/:link", s.pageTicket)
	s.get("/:lang/requests/:link/files/:file", s.pageTicketFile)
	s.post("/:lang/requests/:link/reply", s.pageTicketReply)
	s.post("/:lang/requests/:link/fields", s.pageTicketFields)
	s.post("/:lang/requests/:link/solved", s.pageTicketSolved)
	s.post("/:lang/requests/:link/address", s.pageTicketAddress)
	s.post("/:lang/requests/:link/prove", s.pageTicketProve)

	// « My requests »: for members; whoever is not one yet is asked for an address.
	s.get("/:lang/requests", s.pageSpace)
	s.post("/:lang/my/link", s.pageSpaceAsk)
	s.get("/:lang/my/sign-in/:token", s.pageSpaceOpen)
	s.post("/:lang/my/sign-in/:token", s.pageSpaceEnter)
	s.post("/:lang/my/sign-out", s.pageSpaceLeave)
	s.get(myTicket, s.pageMine)
	s.get(myTicket+"/files/:file", s.myFile)
	s.post(myTicket+"/reply", s.pageTicketReply)
	s.post(myTicket+"/fields", s.pageTicketFields)
	s.post(myTicket+"/solved", s.pageMySolved)
	s.post(myTicket+"/reopen", s.pageMyReopen)
	s.post(myTicket+"/follow", s.pageMyFollow)
	s.post(myTicket+"/read", s.pageMyRead)
	s.post(myTicket+"/links", s.pageMyLinks)

	// The desk, for people who work here.
	s.get("/desk", s.pageDesk)
	s.post("/desk/held", s.pageHeldSort)
	s.get("/desk/sign-in", s.pageEnter)
	s.post("/desk/sign-in", s.pageEnterSend)
	s.get("/desk/lost-password", s.pageLost)
	s.post("/desk/lost-password", s.pageLostSend)
	s.get("/desk/invitation/:token", s.pageKey)
	s.post("/desk/invitation/:token", s.pageKeySend)
	s.get("/desk/password/:token", s.pageKey)
	s.post("/desk/password/:token", s.pageKeySend)
	s.get(accountPath, s.pageAccount)
	s.post(accountPath+"/password", s.pageAccountPassword)
	s.post(accountPath+"/lang", s.pageAccountLang)
	s.post(accountPath+"/elsewhere", s.pageAccountElsewhere)
	s.get(accountsPath, s.pageAccounts)
	s.post(accountsPath+"/invite", s.pageInvite)
	s.post(accountsPath+"/:id/role", s.pageAccountRole)
	s.post(accountsPath+"/:id/disable", s.pageAccountDisable)
	s.post(accountsPath+"/:id/enable", s.pageAccountEnable)
	s.get("/desk/sign-in/:token", s.pageSignIn)
	s.post("/desk/sign-in/:token", s.pageSignInSend)
	s.post("/desk/sign-out", s.pageSignOut)
	s.get("/desk/tickets/:id", s.pageDeskTicket)
	s.post("/desk/tickets/:id/reply", s.pageDeskReply)
	s.post("/desk/tickets/:id/status", s.pageDeskStatus)
	s.post("/desk/tickets/:id/assign", s.pageDeskAssign)
	s.post("/desk/tickets/:id/release", s.pageDeskRelease)
	s.post("/desk/tickets/:id/hand-back", s.pageDeskHandBack)
	s.get("/desk/files/:file", s.pageDeskFile)
	s.post("/desk/files/:file/delete", s.pageDeskFileDelete)
	s.get("/desk/mailbox", s.pageMailbox)
	s.get("/desk/feedback", s.pageFeedbackList)
	s.get("/desk/answers/:id", s.pageDeskAnswer)
	s.get("/desk/gaps", s.pageGaps)
	s.post("/desk/gaps/done", s.pageGapClose)
	s.get(settingsPath, s.pageSettings)
	s.post(settingsPath, s.pageSettingsSend)

	// Which team, in which hours: for admins. The id "new" makes one.
	s.get("/desk/teams", s.pageTeams)
	s.get("/desk/teams/:id", s.pageTeam)
	s.post("/desk/teams/:id", s.pageTeamSend)
	s.get("/desk/calendars", s.pageCalendars)
	s.get(calendarPath, s.pageCalendar)
	s.post(calendarPath, s.pageCalendarSend)
	s.get("/desk/categories", s.pageCategories)
	s.get("/desk/categories/:id", s.pageCategory)
	s.post("/desk/categories/:id", s.pageCategorySend)
	s.get("/desk/agents", s.pageAgents)
	s.get("/desk/agents/:id", s.pageAgent)
	s.post("/desk/agents/:id", s.pageAgentSend)
	s.get("/desk/simulator", s.pageSimulator)
	s.get(identityPath, s.pageIdentity)
	s.post(identityPath, s.pageIdentitySend)
}

func (s *Server) get(path string, h handler) {
	s.engine.GET(path, s.handle(h))
	s.engine.HEAD(path, s.handle(h))
}

func (s *Server) put(path string, h handler) { s.engine.Handle(http.MethodPut, path, s.handle(h)) }

func (s *Server) delete(path string, h handler) {
	s.engine.Handle(http.MethodDelete, path, s.handle(h))
}

func (s *Server) post(path string, h handler) { s.engine.Handle(http.MethodPost, path, s.handle(h)) }
