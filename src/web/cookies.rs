//! Cookies: what they are called and how they travel is decided by RUH_PUBLIC_URL, never by the listener.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use crate::app::App;
use crate::error::{Error, Result};

/// The cookies of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// The session's token.
    Session,
    /// Which accounts this device has signed in to, as keyed proofs.
    Device,
    /// The token of the link that was opened, taken out of the address.
    Link,
    /// What has just been done, shown once.
    Flash,
    /// The token of a sign-in that waits for a code.
    Step,
    /// The token of a device that was handed over at the desk.
    HandOver,
}

impl Cookie {
    fn name(self, https: bool) -> &'static str {
        match (self, https) {
            (Cookie::Session, true) => "__Host-ruh",
            (Cookie::Session, false) => "ruh",
            (Cookie::Device, true) => "__Host-ruh-device",
            (Cookie::Device, false) => "ruh-device",
            (Cookie::Link, true) => "__Host-ruh-link",
            (Cookie::Link, false) => "ruh-link",
            (Cookie::Flash, true) => "__Host-ruh-flash",
            (Cookie::Flash, false) => "ruh-flash",
            (Cookie::Step, true) => "__Host-ruh-step",
            (Cookie::Step, false) => "ruh-step",
            (Cookie::HandOver, true) => "__Host-ruh-desk",
            (Cookie::HandOver, false) => "ruh-desk",
        }
    }

    /// Seconds that the browser keeps it; nothing: until it is closed.
    fn max_age(self) -> Option<u32> {
        match self {
            Cookie::Session | Cookie::HandOver => None,
            Cookie::Device => Some(400 * 86_400),
            Cookie::Link => Some(3_600),
            Cookie::Flash => Some(60),
            Cookie::Step => Some(600),
        }
    }

    fn header(self, app: &App, value: &str, max_age: Option<u32>) -> Result<HeaderValue> {
        let https = app.config.is_https();
        let mut text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax", self.name(https));
        if https {
            text.push_str("; Secure");
        }
        if let Some(seconds) = max_age {
            text.push_str(&format!("; Max-Age={seconds}"));
        }
        HeaderValue::from_str(&text).map_err(|e| Error::internal(e.to_string()))
    }

    /// Sets the cookie on an answer.
    pub fn set(self, app: &App, response: &mut Response, value: &str) -> Result<()> {
        let header = self.header(app, value, self.max_age())?;
        response.headers_mut().append(header::SET_COOKIE, header);
        Ok(())
    }

    /// Removes it from the browser.
    pub fn clear(self, app: &App, response: &mut Response) -> Result<()> {
        let header = self.header(app, "", Some(0))?;
        response.headers_mut().append(header::SET_COOKIE, header);
        Ok(())
    }
}

/// The value of a cookie in a request.
pub fn cookie_value(app: &App, headers: &HeaderMap, cookie: Cookie) -> Option<String> {
    let name = cookie.name(app.config.is_https());
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value.to_string())
}
