//! What is looked after without anybody asking: documents that were deleted long enough ago lose their bytes, and files
//! that no row stands for are removed.

use std::time::Duration;

use uuid::Uuid;

use super::{KEPT, entry, queries};
use crate::access::Actor;
use crate::app::Shared;
use crate::chat;
use crate::error::Result;
use crate::ids::DocumentId;

/// How long a file may be without its row: an upload under way, or its commit, takes minutes.
const ALONE: Duration = Duration::from_secs(86_400);
const SLICE: usize = 100;
/// A crash leaves a file or two. More than these were not left by crashes: somebody started the program with another
/// database, and what looks like nobody's is somebody's.
const FEW: usize = 20;

/// Removes what has had its time. A row goes first and its file after it: what is cut off between the two leaves a file
/// alone, which the next look finds.
pub async fn look(app: &Shared) -> Result<()> {
    let before = app.now().minus(KEPT);
    loop {
        let limit = i64::try_from(SLICE).unwrap_or(1);
        let due = app.read(move |h| queries::due(h, before, limit)).await?;
        for (practice, id) in &due {
            let id = *id;
            let door = app.practice(Actor::system(*practice));
            let gone = door
                .write(move |p| {
                    let Some((client, size)) = queries::drop_deleted(p, id, before)? else { return Ok(false) };
                    queries::take_space(p, -size)?;
                    p.audit(&entry("document.removed", client, id))?;
                    Ok(true)
                })
                .await?;
            if gone {
                app.files.remove(id.0).await?;
            }
        }
        if due.len() < SLICE {
            break;
        }
    }
    sweep(app).await
}

async fn sweep(app: &Shared) -> Result<()> {
    let old = app.files.begun_before(app.now().minus(ALONE)).await?;
    let mut alone = Vec::new();
    for slice in old.chunks(SLICE) {
        let slice = slice.to_vec();
        let found = app
            .read(move |h| {
                let mut found: Vec<Uuid> = Vec::new();
                for id in &slice {
                    if !queries::is_kept(h, *id)? && !chat::keeps_file(h, *id)? {
                        found.push(*id);
                    }
                }
                Ok(found)
            })
            .await?;
        alone.extend(found);
        if alone.len() > FEW {
            tracing::error!(
                "many files belong to no document: is this the database of this data folder? They are left"
            );
            return Ok(());
        }
    }
    for id in alone {
        tracing::warn!(file = %DocumentId(id), "a file that no document stands for is removed");
        app.files.sweep(id).await?;
    }
    Ok(())
}
