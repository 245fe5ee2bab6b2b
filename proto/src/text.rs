//! The words of frames and problem documents, in the languages people read them in.

use crate::code::ErrorCode;

/// A language of the `message` field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// Reads `?lang=`: `zh`, `zh-CN`, `en`, `en-GB`, …; `None` for others.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split(['-', '_']).next().unwrap_or_default() {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The words of `phrase`.
    #[must_use]
    pub const fn words(self, phrase: Phrase) -> &'static str {
        let (en, zh) = phrase.both();
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }

    /// The words for an error that says nothing more particular.
    #[must_use]
    pub const fn error(self, code: ErrorCode) -> &'static str {
        let (en, zh) = match code {
            ErrorCode::BadJson => ("not a JSON object", "不是有效的 JSON 对象"),
            ErrorCode::BadMessage => ("a field is missing or wrong", "缺少字段或字段有误"),
            ErrorCode::UnknownType => ("unknown message type", "未知消息类型"),
            ErrorCode::TooLarge => ("too large", "内容过大"),
            ErrorCode::RateLimited => ("too many requests, slow down", "请求过于频繁，请稍后再试"),
            ErrorCode::Unauthorized => (
                "not signed in, or the token is no longer valid",
                "未登录或令牌已失效",
            ),
            ErrorCode::Forbidden => ("not allowed", "没有权限"),
            ErrorCode::NotFound => ("not found", "未找到"),
            ErrorCode::Conflict => ("contradicts what is already there", "与现有内容冲突"),
            ErrorCode::Timeout => ("no answer in time", "处理超时"),
            ErrorCode::Unavailable => ("the service that answers this is away", "服务暂不可用"),
            ErrorCode::Internal => ("internal error", "内部错误"),
        };
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

/// A line that frames carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// Of `welcome`.
    Welcome,
    /// Of `pong`.
    Pong,
    /// Before the content in `chat_response`.
    ChatReply,
    /// Of `system_info_response`.
    SystemInfo,
    /// Of `custom_response`.
    Custom,
    /// Of `auth_response`.
    Authenticated,
    /// Of a `notification` whose publisher gave no other line.
    Notification,
}

impl Phrase {
    const fn both(self) -> (&'static str, &'static str) {
        match self {
            Self::Welcome => ("connected", "连接成功"),
            Self::Pong => ("heartbeat answer", "心跳响应"),
            Self::ChatReply => ("message received: ", "收到聊天消息: "),
            Self::SystemInfo => ("system information", "系统信息"),
            Self::Custom => ("custom message received", "收到自定义消息"),
            Self::Authenticated => ("signed in", "认证成功"),
            Self::Notification => ("new notification", "新消息"),
        }
    }
}
