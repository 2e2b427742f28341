package app

import (
	"context"

	"guichet/internal/assistant"
	"guichet/internal/openai"
)

// withModel adds the model that writes, rewrites and translates, where the settings name one.
func (a *App) withModel(c assistant.Config) assistant.Config {
	if a.cfg.LLMURL == "" {
		return c
	}
	chat := openai.NewChat(openai.ChatConfig{BaseURL: a.cfg.LLMURL, APIKey: a.cfg.LLMKey, Model: a.cfg.LLMModel})
	a.stops = append(a.stops, func(context.Context) error { chat.Close(); return nil })
	a.log.Info("a language model writes answers", "model", a.cfg.LLMModel)
	c.Writer, c.Rewriter, c.Translate = chat, chat, chat
	return c
}

// writing is what the model may be asked.
func (a *App) writing() assistant.WriteLimits {
	return assistant.WriteLimits{Deadline: a.cfg.LLMDeadline, Daily: a.cfg.LLMDaily, SiteDaily: a.cfg.LLMSite,
		Hourly: a.cfg.LLMHourly, MemberHourly: a.cfg.LLMMember, Tokens: a.cfg.LLMTokens}
}
