//! Processes that evaluate Jsonnet, with limits on time and memory for each task and without the environment. A template with an infinite
//! loop or too much memory only ends its process. A few processes wait for the next task; nothing of a task is kept for the next one.

use super::templates::{LARGEST, TemplateError, Templates, evaluate_with};
use futures::future::BoxFuture;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The hidden command that [`SystemTemplates`] starts.
pub const COMMAND: &str = "evaluate-template";

/// For one task, the start of its process included.
const DEADLINE: Duration = Duration::from_secs(5);
/// Bytes of address space.
const MEMORY: u64 = 512 << 20;
/// Seconds of processor time for one task.
const PROCESSOR: u64 = 3;
/// A process ends after this many tasks, so that a heap in pieces doesn't take memory from the next ones.
const TASKS: u32 = 100;
/// Processes that wait for a task. More run while many tasks come at once.
const WAITING: usize = 2;

#[derive(Serialize, Deserialize)]
struct Task {
    source: String,
    input: String,
    #[serde(default)]
    variables: Vec<(String, String)>,
}

/// This program once more, in processes without environment, files and network of use.
#[derive(Default)]
pub struct SystemTemplates {
    program: Option<PathBuf>,
    waiting: Arc<Mutex<Vec<Evaluator>>>,
}

/// One process. It ends when it is dropped, whatever it is doing.
struct Evaluator {
    child: Child,
    tasks: ChildStdin,
    outcomes: BufReader<ChildStdout>,
    /// How many tasks it did.
    done: u32,
}

impl SystemTemplates {
    /// For tests, which are another program.
    pub fn of(program: PathBuf) -> Self {
        Self { program: Some(program), ..Self::default() }
    }

    /// IDs of the processes that wait for a task.
    pub fn waiting(&self) -> Vec<u32> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.iter().filter_map(|evaluator| evaluator.child.id()).collect()
    }

    fn run(&self, task: Task) -> BoxFuture<'static, Result<String, TemplateError>> {
        let (program, waiting) = (self.program.clone(), self.waiting.clone());
        Box::pin(async move {
            let program = match program {
                Some(program) => program,
                None => this_program().map_err(unavailable)?,
            };
            let outcome = tokio::time::timeout(DEADLINE, async {
                let mut evaluator = match idle(&waiting) {
                    Some(evaluator) => evaluator,
                    None => Evaluator::start(program)?,
                };
                let outcome = evaluator.evaluate(&task).await?;
                Ok((evaluator, outcome))
            });
            let Ok(outcome) = outcome.await else { return Err(TemplateError::Limits) };
            let (evaluator, outcome) = outcome?;
            if evaluator.done < TASKS {
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if waiting.len() < WAITING {
                    waiting.push(evaluator);
                }
            }
            outcome
        })
    }
}

impl Templates for SystemTemplates {
    fn render(&self, source: String, input: String) -> BoxFuture<'static, Result<String, TemplateError>> {
        self.run(Task { source, input, variables: Vec::new() })
    }

    fn map(
        &self,
        source: String,
        variables: Vec<(String, String)>,
    ) -> BoxFuture<'static, Result<String, TemplateError>> {
        self.run(Task { source, input: "null".to_owned(), variables })
    }
}

fn unavailable(failure: std::io::Error) -> TemplateError {
    TemplateError::Unavailable(failure.to_string())
}

/// On Linux by a name that still holds when the file was replaced by a newer version.
fn this_program() -> std::io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    std::env::current_exe()
}

/// One that still runs.
fn idle(waiting: &Mutex<Vec<Evaluator>>) -> Option<Evaluator> {
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(mut evaluator) = waiting.pop() {
        if matches!(evaluator.child.try_wait(), Ok(None)) {
            return Some(evaluator);
        }
    }
    None
}

impl Evaluator {
    fn start(program: PathBuf) -> Result<Self, TemplateError> {
        let mut child = Command::new(program)
            .arg(COMMAND)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(unavailable)?;
        let (Some(tasks), Some(outcomes)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(TemplateError::Unavailable("no pipe to it".to_owned()));
        };
        Ok(Self { child, tasks, outcomes: BufReader::new(outcomes), done: 0 })
    }

    /// The outcome of a task. The outer error is that of the process, which is of no more use then.
    async fn evaluate(&mut self, task: &Task) -> Result<Result<String, TemplateError>, TemplateError> {
        let mut line =
            serde_json::to_vec(task).map_err(|failure| TemplateError::Broken(failure.to_string()))?;
        line.push(b'\n');
        let Self { tasks, outcomes, .. } = self;
        let told = async {
            // One that ends before it has read all has its reasons; its answer or its silence says them.
            let _ = tasks.write_all(&line).await;
        };
        let mut answer = Vec::new();
        let mut limited = outcomes.take(2 * LARGEST);
        let ((), read) = futures::join!(told, limited.read_until(b'\n', &mut answer));
        read.map_err(unavailable)?;
        if answer.pop() != Some(b'\n') {
            return Err(TemplateError::Limits);
        }
        self.done += 1;
        serde_json::from_slice(&answer).map_err(|_| TemplateError::Limits)
    }
}

/// The hidden command: reads tasks from standard input, one a line, and answers on standard output until the input ends. Limits itself
/// first, and its processor time anew for each task.
///
/// # Errors
/// Pipes that break.
pub fn evaluate_tasks() -> std::io::Result<()> {
    let limit = |resource, value| setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) });
    limit(Resource::As, MEMORY)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, LARGEST)?;
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or_default();
        let Rlimit { maximum, .. } = getrlimit(Resource::Cpu);
        let current = (used + 1 + PROCESSOR).min(maximum.unwrap_or(u64::MAX));
        setrlimit(Resource::Cpu, Rlimit { current: Some(current), maximum })?;
        let task: Task = serde_json::from_slice(&line)?;
        let outcome = evaluate_with(&task.source, &task.input, &task.variables);
        serde_json::to_writer(&mut output, &outcome)?;
        output.write_all(b"\n")?;
        output.flush()?;
        line = Vec::new();
    }
    Ok(())
}
