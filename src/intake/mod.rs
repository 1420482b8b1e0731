//! Intake.

mod hand_over;
mod hand_over_pages;

pub use hand_over::{Device, HandOver, Where, device, end, end_all, hand_over, open, standing, touch};
pub use hand_over_pages::handed_back;

use crate::routes::Routes;

pub fn routes(routes: Routes) -> Routes {
    hand_over_pages::routes(routes)
}
