//! Carries out the conformance scenario and prints the transcript: `conformance SCENARIO TARGET KEYS [CA]`.
//! What a step means is told in `tests/clients/README.md`.

mod calls;
mod json;

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, fs};

use appprofile::{ApiError, BoxError, Client, Code, Jwt, Options, StreamError, connect};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines, Stdin, stdin};

use crate::json::Proto;

const OLDEST: &str = "oldest_resume_token";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let scenario: Value = serde_json::from_slice(&fs::read(&arguments[0])?)?;
    let keys: HashMap<String, String> = serde_json::from_slice(&fs::read(&arguments[2])?)?;
    let mut values: HashMap<String, String> = serde_json::from_value(scenario["values"].clone())?;
    values.extend(keys);
    let mut program = Program {
        target: arguments[1].clone(),
        ca: arguments.get(3).map(fs::read).transpose()?,
        values,
        clients: HashMap::new(),
        streams: HashMap::new(),
        proto: Arc::new(Proto::load()?),
        answers: BufReader::new(stdin()).lines(),
    };
    for step in scenario["steps"].as_array().ok_or("the scenario has no steps")? {
        if let Some(ask) = step["ask"].as_str() {
            show(&json!({ "ask": ask }));
            program.answers.next_line().await?;
        } else if step["stream"].is_string() {
            show(&program.read(step).await?);
        } else if let Some(requests) = step["requests"].as_array() {
            show(&program.exchange(step, requests).await?);
        } else {
            show(&program.outcome(step).await?);
        }
    }
    Ok(())
}

struct Program {
    target: String,
    ca: Option<Vec<u8>>,
    values: HashMap<String, String>,
    clients: HashMap<String, Client>,
    /// With the method of each.
    streams: HashMap<String, (String, Box<dyn calls::Stream>)>,
    proto: Arc<Proto>,
    answers: Lines<BufReader<Stdin>>,
}

impl Program {
    async fn outcome(&mut self, step: &Value) -> Result<Value, BoxError> {
        let call = Arc::new(self.prepare(step)?);
        let Some(during) = step["during"].as_str() else {
            let outcome = call.make().await?;
            self.values.extend(outcome.captured);
            return Ok(outcome.line);
        };
        show(&json!({ "ask": during }));
        let answered = Arc::new(AtomicBool::new(false));
        let calls = Arc::new(AtomicUsize::new(0));
        let repeat = usize::try_from(step["repeat"].as_u64().unwrap_or_default())?;
        let loops: Vec<_> = (0..step["parallel"].as_u64().unwrap_or(1))
            .map(|_| {
                let (call, answered, calls) = (call.clone(), answered.clone(), calls.clone());
                tokio::spawn(async move {
                    let mut lines = Vec::new();
                    while !answered.load(Ordering::SeqCst) || calls.load(Ordering::SeqCst) < repeat {
                        calls.fetch_add(1, Ordering::SeqCst);
                        lines.push(call.make().await?.line);
                    }
                    Ok::<_, BoxError>(lines)
                })
            })
            .collect();
        self.answers.next_line().await?;
        answered.store(true, Ordering::SeqCst);
        let mut lines = Vec::new();
        for each in loops {
            lines.extend(each.await??);
        }
        let different = lines.iter().find(|line| **line != lines[0]);
        Ok(different.unwrap_or(&lines[0]).clone())
    }

    /// Goes on with the step's stream, or opens it.
    async fn read(&mut self, step: &Value) -> Result<Value, BoxError> {
        let name = step["stream"].as_str().unwrap_or_default();
        if let Some(method) = step["method"].as_str() {
            let request = self.proto.request(method, &self.fill(&step["request"]))?;
            let client = self.client(step["key"].as_str().unwrap_or("profile"), step["jwt"].as_str())?;
            self.streams.insert(name.to_owned(), (method.to_owned(), calls::open(&client, method, &request)?));
        }
        let (method, stream) = self.streams.get_mut(name).ok_or("the stream is not open")?;
        let (list, count) = step["until"].as_object().and_then(|until| until.iter().next()).ok_or("until what?")?;
        let mut body = Map::new();
        while body.get(list).and_then(Value::as_array).map_or(0, Vec::len)
            < usize::try_from(count.as_u64().unwrap_or(0))?
        {
            let message = match stream.message().await {
                Ok(Some(message)) => self.proto.response(method, &message)?,
                Ok(None) => break,
                Err(StreamError::ResumeTokenExpired { oldest_resume_token, mut error }) => {
                    self.values.insert(OLDEST.to_owned(), oldest_resume_token);
                    error.metadata.remove(OLDEST);
                    return Ok(refused(&step["step"], &error));
                }
                Err(StreamError::Failed(error)) => return Ok(refused(&step["step"], &error)),
            };
            for (field, value) in message.as_object().into_iter().flatten() {
                match (body.get_mut(field).and_then(Value::as_array_mut), value) {
                    (Some(before), Value::Array(entries)) => before.extend(entries.iter().cloned()),
                    _ => drop(body.insert(field.clone(), value.clone())),
                }
            }
        }
        Ok(self.seen(step, &Value::Object(body)))
    }

    /// Imports the requests and reads the responses to them.
    async fn exchange(&mut self, step: &Value, requests: &[Value]) -> Result<Value, BoxError> {
        let method = step["method"].as_str().ok_or("a step has no method")?;
        let client = self.client(step["key"].as_str().unwrap_or("profile"), step["jwt"].as_str())?;
        let encoded: Result<Vec<_>, _> =
            requests.iter().map(|request| self.proto.request(method, &self.fill(request))).collect();
        match calls::exchange(&client, method, &encoded?).await {
            Ok(responses) => {
                let responses: Result<Vec<_>, _> =
                    responses.iter().map(|response| self.proto.response(method, response)).collect();
                Ok(self.seen(step, &json!({ "responses": responses? })))
            }
            Err(error) => match error.downcast::<StreamError>() {
                Ok(failure) => Ok(refused(&step["step"], failure.error())),
                Err(error) => Err(error),
            },
        }
    }

    fn seen(&mut self, step: &Value, body: &Value) -> Value {
        let capture = step["capture"].as_object().cloned().unwrap_or_default();
        let outcome = seen(&step["step"], &capture, &paths(&step["expect"]["show"]), body);
        self.values.extend(outcome.captured);
        outcome.line
    }

    /// The step's call, ready to be made any number of times.
    fn prepare(&mut self, step: &Value) -> Result<Call, BoxError> {
        let method = step["method"].as_str().ok_or("a step has no method")?;
        let key = step["key"].as_str().unwrap_or("profile");
        Ok(Call {
            client: self.client(key, step["jwt"].as_str())?,
            request: self.proto.request(method, &self.fill(&step["request"]))?,
            proto: self.proto.clone(),
            step: step["step"].clone(),
            method: method.to_owned(),
            deadline: step["deadline_ms"].as_u64().map(Duration::from_millis),
            capture: step["capture"].as_object().cloned().unwrap_or_default(),
            show: paths(&step["expect"]["show"]),
        })
    }

    fn client(&mut self, name: &str, jwt: Option<&str>) -> Result<Client, BoxError> {
        let both = format!("{name}/{}", jwt.unwrap_or_default());
        if let Some(client) = self.clients.get(&both) {
            return Ok(client.clone());
        }
        let key = if name == "none" { None } else { self.values.get(name).cloned() };
        let jwt = jwt.map(|name| {
            let token = self.values.get(name).cloned().unwrap_or_default();
            Jwt::new(move || std::future::ready(Ok(token.clone())))
        });
        let options = Options { key, jwt, plaintext: self.ca.is_none(), ca: self.ca.clone(), ..Options::default() };
        let client = connect(&self.target, options)?;
        self.clients.insert(both, client.clone());
        Ok(client)
    }

    fn fill(&self, value: &Value) -> Value {
        match value {
            Value::Object(members) => members.iter().map(|(name, each)| (name.clone(), self.fill(each))).collect(),
            Value::Array(places) => places.iter().map(|each| self.fill(each)).collect(),
            Value::String(text) => Value::String(json::fill(text, &self.values)),
            _ => value.clone(),
        }
    }
}

struct Call {
    client: Client,
    proto: Arc<Proto>,
    step: Value,
    method: String,
    request: Vec<u8>,
    deadline: Option<Duration>,
    capture: Map<String, Value>,
    show: Vec<String>,
}

struct Outcome {
    line: Value,
    captured: HashMap<String, String>,
}

impl Call {
    async fn make(&self) -> Result<Outcome, BoxError> {
        match calls::call(&self.client, &self.method, &self.request, self.deadline).await {
            Ok(response) => {
                let body = self.proto.response(&self.method, &response)?;
                Ok(seen(&self.step, &self.capture, &self.show, &body))
            }
            Err(status) => Ok(Outcome { line: refused(&self.step, &ApiError::from(status)), captured: HashMap::new() }),
        }
    }
}

fn paths(show: &Value) -> Vec<String> {
    show.as_object().into_iter().flatten().map(|(path, _)| path.clone()).collect()
}

fn seen(step: &Value, capture: &Map<String, Value>, show: &[String], body: &Value) -> Outcome {
    let mut line = Map::from_iter([("step".to_owned(), step.clone()), ("code".to_owned(), "OK".into())]);
    let mut captured = HashMap::new();
    for (name, path) in capture {
        let value = json::find(body, path.as_str().unwrap_or_default());
        captured.insert(name.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    if !show.is_empty() {
        let shown = show.iter().map(|path| (path.clone(), json::find(body, path))).collect();
        line.insert("show".into(), Value::Object(shown));
    }
    Outcome { line: Value::Object(line), captured }
}

fn refused(step: &Value, error: &ApiError) -> Value {
    let mut line = Map::from_iter([("step".to_owned(), step.clone())]);
    let violations: Vec<_> = error.violations.iter().map(|violation| violation.field.as_str()).collect();
    line.insert("code".into(), canonical_name(error.code).into());
    for (name, value) in
        [("reason", json!(error.reason)), ("metadata", json!(error.metadata)), ("violations", json!(violations))]
    {
        if ![json!(""), json!({}), json!([])].contains(&value) {
            line.insert(name.into(), value);
        }
    }
    Value::Object(line)
}

/// `NOT_FOUND` for `Code::NotFound`.
fn canonical_name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_uppercase());
    }
    name
}

/// Members of objects are sorted: that is how this library keeps them.
fn show(line: &Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("standard output takes the transcript");
}
