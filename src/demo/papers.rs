//! Two documents of a made-up client: a letter that is shared with her, and a note that is not.

use super::{DAY, NAME};
use crate::access::Actor;
use crate::app::Shared;
use crate::clients;
use crate::documents::{self, About, Sharing};
use crate::error::{Error, Result};
use crate::files::{Kind, Stored};

struct Paper {
    name: &'static str,
    note: &'static str,
    sharing: Sharing,
    lines: &'static [&'static str],
    /// Days ago.
    days: u32,
}

const ALL: [Paper; 2] = [
    Paper {
        name: "Referral letter.pdf",
        note: "From the family doctor",
        sharing: Sharing::Private,
        lines: &["Dear colleague,", "thank you for seeing our patient.", "Family Practice at the Park"],
        days: 9,
    },
    Paper {
        name: "Sleep diary.txt",
        note: "To fill in until the next session",
        sharing: Sharing::Shared,
        lines: &["Day | to bed | asleep | awake | how rested (0-10)", "Mon |", "Tue |", "Wed |", "Thu |", "Fri |"],
        days: 3,
    },
];

/// Files are written before the transaction that says whose they are.
pub async fn papers(app: &Shared, provider: &Actor, first: &'static str, last: &'static str) -> Result<()> {
    for paper in &ALL {
        let bytes = if paper.name.ends_with(".pdf") { pdf(paper.lines) } else { paper.lines.join("\r\n").into_bytes() };
        let id = app.ids.new_id();
        let stored = Stored {
            id,
            key: app.files.keep(id, &bytes).await?,
            name: paper.name.into(),
            kind: Kind::of_name(paper.name).ok_or_else(|| Error::internal("a made-up document of no kind"))?,
            size: bytes.len() as u64,
            digest: Vec::new(),
        };
        let provider = provider.clone();
        app.write(move |h| {
            let h = h.at(h.now.minus(DAY * paper.days));
            let p = &h.practice(&provider);
            let (found, _) = clients::gather(p, &format!("search={first}+{last}"), None, 1)?;
            let client = *found.first().ok_or(Error::NotFound)?;
            let about = About { note: Some(paper.note.into()), sharing: paper.sharing };
            documents::add(p, client, &stored, &about).map(drop)
        })
        .await?;
    }
    Ok(())
}

/// The smallest PDF there is of a page with lines on it.
fn pdf(lines: &[&str]) -> Vec<u8> {
    let shown: String = lines.iter().map(|line| format!("({line}) Tj T* ")).collect();
    let text = format!("BT /F1 14 Tf 22 TL 72 720 Td ({NAME}) Tj T* T* {shown}ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_string(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_string(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_string(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_string(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", n + 1));
    }
    let table = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for place in places {
        file.push_str(&format!("{place:010} 00000 n \n"));
    }
    file.push_str(&format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1));
    file.into_bytes()
}
