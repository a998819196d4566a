//! Fetching: answer after answer until the last one of each list, rows always in the order of the lists.

use std::collections::HashSet;

use futures::stream::{self, FuturesOrdered, StreamExt as _};
use goldsmith_json_rows::Node;
use goldsmith_source::SourceError;

use crate::answer::Answer;
use crate::client::{Ask, Service};
use crate::config::Limits;
use crate::list::{Bound, List};
use crate::plan::{Pagination, ResourcePlan};
use crate::spool::Spool;

/// Takes a row.
type Take<'t> = dyn FnMut(Node<'_>) -> Result<(), SourceError> + 't;

/// Fetches the rows of a resource into `spool`, one list for each of its parents' rows or the only one.
pub(crate) async fn fetch(
    service: &Service<'_>,
    resource: &ResourcePlan,
    limits: &Limits,
    parents: Option<&[Vec<Bound>]>,
    from: Option<&str>,
    spool: &mut Spool,
) -> Result<(), SourceError> {
    let mut walk = Walk { service, limits, bytes: 0 };
    let Some(parents) = parents else {
        let list = List::new(resource, &[], from)?;
        let first = service.ask(&list.first()).await?;
        return walk.list(&list, first, limits.concurrency, &mut |row| spool.push(&row)).await;
    };
    // The first answers of the next lists are under way while one list is read to its end.
    let mut answers = stream::iter(parents)
        .map(|bound| async move {
            let list = List::new(resource, bound, from)?;
            let first = service.ask(&list.first()).await?;
            Ok::<_, SourceError>((list, bound, first))
        })
        .buffered(limits.concurrency);
    while let Some(answer) = answers.next().await {
        let (list, bound, first) = answer?;
        walk.list(&list, first, 1, &mut |row| spool.push(&with_parent(row, bound, resource)?)).await?;
    }
    Ok(())
}

/// `row` with the values of its parent before its own.
fn with_parent<'n>(row: Node<'n>, bound: &'n [Bound], resource: &ResourcePlan) -> Result<Node<'n>, SourceError> {
    let Node::Object(members) = row else { return Ok(row) };
    if let Some(Bound { name, .. }) = bound.iter().find(|bound| members.iter().any(|(name, _)| *name == bound.name)) {
        let message = format!("has rows with a \"{name}\" of their own; give the column of \"parent\" another name");
        return Err(SourceError::config(message).at(&*resource.place));
    }
    let bound = bound.iter().map(|Bound { name, value }| (name.as_str().into(), value.node()));
    Ok(Node::Object(bound.chain(members).collect()))
}

struct Walk<'a> {
    service: &'a Service<'a>,
    limits: &'a Limits,
    /// Of all answers so far.
    bytes: u64,
}

impl Walk<'_> {
    /// Reads a list to its end, from its first answer on.
    async fn list(
        &mut self,
        list: &List<'_>,
        first: Answer,
        width: usize,
        take: &mut Take<'_>,
    ) -> Result<(), SourceError> {
        if list.resource.is_numbered() {
            self.numbered(list, first, width, take).await
        } else {
            self.linked(list, first, take).await
        }
    }

    /// Each answer tells the next request.
    async fn linked(&mut self, list: &List<'_>, first: Answer, take: &mut Take<'_>) -> Result<(), SourceError> {
        let mut ask = list.first();
        let mut asked: HashSet<(String, Option<String>)> = HashSet::new();
        asked.insert(identity(&ask));
        let mut answer = first;
        let mut pages = 1;
        loop {
            self.count(list, &answer)?;
            let page = list.take(&answer, take)?;
            let Some(next) = list.following(&ask, &page)? else { return Ok(()) };
            if !asked.insert(identity(&next)) {
                let message =
                    "names a next page that was read before, so the list would never end; tell the service's owner";
                return Err(SourceError::corrupt(&*list.resource.place, message));
            }
            self.check_pages(list, pages)?;
            answer = self.service.ask(&next).await?;
            ask = next;
            pages += 1;
        }
    }

    /// Pages or rows are numbered: up to `width` pages are asked for at the same time, and the first one without
    /// rows, in their order, is the end. What was asked for beyond it is dropped unread.
    async fn numbered(
        &mut self,
        list: &List<'_>,
        first: Answer,
        width: usize,
        take: &mut Take<'_>,
    ) -> Result<(), SourceError> {
        let service = self.service;
        let (mut at, is_offset) = match &list.resource.pagination {
            Pagination::Page { start, .. } => (*start, false),
            _ => (0, true),
        };
        let mut answer = first;
        let (mut pages, mut step, mut last) = (1, 1, None);
        let mut under_way = FuturesOrdered::new();
        let mut next = at;
        loop {
            self.count(list, &answer)?;
            let page = list.take(&answer, take)?;
            if page.found == 0 {
                return Ok(());
            }
            // Services that do not know the parameter give the first page for ever.
            if last == Some(page.fingerprint) {
                let message =
                    "gives the same page again, so it does not know the parameter of \"paginate\"; correct it";
                return Err(SourceError::config(message).at(&*list.resource.place));
            }
            last = Some(page.fingerprint);
            self.check_pages(list, pages)?;
            if pages == 1 || (is_offset && page.found != step) {
                // By what came rather than by what was asked for: services cap the size they are asked for. What
                // was asked ahead then starts at the wrong rows.
                under_way = FuturesOrdered::new();
                step = if is_offset { page.found } else { 1 };
                next = at.saturating_add(step);
            }
            while under_way.len() < width.max(1) {
                let (number, ask) = (next, list.numbered(next));
                under_way.push_back(async move { service.ask(&ask).await.map(|answer| (number, answer)) });
                next = next.saturating_add(step);
            }
            let Some(received) = under_way.next().await else { return Ok(()) };
            (at, answer) = received?;
            pages += 1;
        }
    }

    fn count(&mut self, list: &List<'_>, answer: &Answer) -> Result<(), SourceError> {
        self.bytes += answer.text.len() as u64;
        let most = self.limits.max_total_bytes;
        if self.bytes <= most {
            return Ok(());
        }
        let message = format!(
            "answers with more than {most} bytes in all; narrow the resource's \"params\", or raise \"limits.max_total_bytes\""
        );
        Err(SourceError::config(message).at(&*list.resource.place))
    }

    fn check_pages(&self, list: &List<'_>, pages: u64) -> Result<(), SourceError> {
        let most = self.limits.max_pages;
        if pages < most {
            return Ok(());
        }
        let message = format!("has more than {most} pages; ask for larger ones, or raise \"limits.max_pages\"");
        Err(SourceError::config(message).at(&*list.resource.place))
    }
}

/// What makes a request another one.
fn identity(ask: &Ask) -> (String, Option<String>) {
    (ask.url.to_string(), ask.body.clone())
}
