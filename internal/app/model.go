package app

import (
	"context"

	"guichet/internal/assistant"
	"guichet/internal/openai"
)

// writer is the model that writes answers; nil where the settings name none.
func (a *App) writer() assistant.Writer {
	if a.cfg.LLMURL == "" {
		return nil
	}
	chat := openai.NewChat(openai.ChatConfig{BaseURL: a.cfg.LLMURL, APIKey: a.cfg.LLMKey, Model: a.cfg.LLMModel})
	a.stops = append(a.stops, func(context.Context) error { chat.Close(); return nil })
	a.log.Info("a language model writes answers", "model", a.cfg.LLMModel)
	return chat
}
