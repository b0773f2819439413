//! The processes that evaluate templates: one does several tasks and keeps nothing of them, and what goes wrong in one ends it alone.

use engine::effects::{SystemTemplates, TemplateError, Templates};

fn templates() -> SystemTemplates {
    SystemTemplates::of(env!("CARGO_BIN_EXE_vestibule").into())
}

#[tokio::test]
async fn a_process_does_the_next_task_as_well_and_keeps_nothing_of_the_last() {
    let templates = templates();
    let secret = vec![("session".to_owned(), "\"hush\"".to_owned())];
    assert_eq!(templates.map("std.extVar('session')".to_owned(), secret).await.as_deref(), Ok("\"hush\""));
    let first = templates.waiting();
    assert_eq!(first.len(), 1);
    let next = templates.map("std.extVar('session')".to_owned(), Vec::new()).await;
    assert!(matches!(&next, Err(TemplateError::Broken(what)) if !what.contains("hush")), "{next:?}");
    let failed = templates.render("function(ctx) error 'no'".to_owned(), "{}".to_owned()).await;
    assert_eq!(failed, Err(TemplateError::Broken("no".to_owned())));
    assert_eq!(templates.waiting(), first, "an error of a template is an outcome like any other");
}

#[tokio::test]
async fn a_template_that_takes_too_much_ends_its_process_and_no_other_task() {
    let templates = templates();
    assert!(templates.render("1".to_owned(), "{}".to_owned()).await.is_ok());
    let first = templates.waiting();
    let greedy = "std.length(std.repeat('x', 2000000000))";
    let taken = templates.render(greedy.to_owned(), "{}".to_owned()).await;
    assert_eq!(taken, Err(TemplateError::Limits));
    assert!(templates.waiting().is_empty());
    assert_eq!(templates.render("2".to_owned(), "{}".to_owned()).await.as_deref(), Ok("2"));
    assert_ne!(templates.waiting(), first);
}

#[tokio::test]
async fn a_process_is_replaced_after_many_tasks() {
    let templates = templates();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..205 {
        assert!(templates.render("1".to_owned(), "{}".to_owned()).await.is_ok());
        for process in templates.waiting() {
            *seen.entry(process).or_insert(0) += 1;
        }
    }
    // The last task of a process is not followed by waiting.
    assert_eq!(seen.values().sum::<i32>(), 203);
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(seen.values().all(|tasks| *tasks < 100), "{seen:?}");
}

#[tokio::test]
async fn many_tasks_at_once_have_processes_of_their_own_and_few_stay() {
    let templates = templates();
    let tasks = (0..6).map(|number| templates.render(number.to_string(), "{}".to_owned()));
    let outcomes = futures::future::join_all(tasks).await;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        assert_eq!(outcome, Ok(number.to_string()));
    }
    assert_eq!(templates.waiting().len(), 2);
}
