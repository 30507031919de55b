//! The Flight service: each call to its own file.

use std::sync::Arc;

use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::{
    Action, ActionType, BasicAuth, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo,
    HandshakeRequest, HandshakeResponse, IpcMessage, PollInfo, PutResult, SchemaAsIpc,
    SchemaResult, Ticket,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use prost::Message;
use summit_session::Server;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status, Streaming};

use crate::call::Call;
use crate::describe::{describe, flight_info, list};
use crate::get::do_get;
use crate::identity::{token_for, user_of};
use crate::put::do_put;

type Answers<T> = BoxStream<'static, Result<T, Status>>;

/// Flight calls on a server's sessions.
pub(crate) struct Service {
    pub(crate) server: Arc<dyn Server>,
    /// Becomes cancelled when streams without an end must end.
    pub(crate) shutdown: CancellationToken,
    /// Becomes cancelled when every call must end.
    pub(crate) ending: CancellationToken,
}

impl Service {
    fn call<T>(&self, request: &Request<T>) -> Result<Call, Status> {
        let peer = request.remote_addr().map(|peer| peer.to_string());
        Call::open(&self.server, request.metadata(), peer, self.ending.clone())
    }
}

#[tonic::async_trait]
impl FlightService for Service {
    type HandshakeStream = Answers<HandshakeResponse>;
    type ListFlightsStream = Answers<FlightInfo>;
    type DoGetStream = Answers<FlightData>;
    type DoPutStream = Answers<PutResult>;
    type DoExchangeStream = Answers<FlightData>;
    type DoActionStream = Answers<arrow_flight::Result>;
    type ListActionsStream = Answers<ActionType>;

    async fn handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        let by_header = request.metadata().contains_key("authorization");
        let mut user = user_of(request.metadata())?;
        let mut messages = request.into_inner();
        let first = tokio::select! {
            biased;
            () = self.ending.cancelled() => None,
            first = messages.message() => first?,
        };
        let mut protocol_version = 0;
        if let Some(first) = first {
            protocol_version = first.protocol_version;
            if !by_header
                && let Ok(basic) = BasicAuth::decode(first.payload)
                && !basic.username.is_empty()
            {
                user = basic.username;
            }
        }
        let token = token_for(&user);
        let bearer = MetadataValue::try_from(format!("Bearer {token}"))
            .map_err(|error| Status::internal(error.to_string()))?;
        let answer = HandshakeResponse {
            protocol_version,
            payload: token.into(),
        };
        let mut response = Response::new(stream::iter([Ok(answer)]).boxed());
        response.metadata_mut().insert("authorization", bearer);
        Ok(response)
    }

    async fn list_flights(
        &self,
        request: Request<Criteria>,
    ) -> Result<Response<Self::ListFlightsStream>, Status> {
        if !request.get_ref().expression.is_empty() {
            return Err(Status::unimplemented(
                "ListFlights takes no criteria\nHINT: leave them empty and choose from the list",
            ));
        }
        let call = self.call(&request)?;
        let flights = list(&call, &self.server.status());
        Ok(Response::new(stream::iter(flights).boxed()))
    }

    async fn get_flight_info(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let mut call = self.call(&request)?;
        let descriptor = request.into_inner();
        let described = describe(&mut call, &descriptor).await?;
        Ok(Response::new(flight_info(&described, descriptor)?))
    }

    async fn poll_flight_info(
        &self,
        _request: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        Err(Status::unimplemented(
            "PollFlightInfo is not offered\nHINT: GetFlightInfo answers at once",
        ))
    }

    async fn get_schema(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<SchemaResult>, Status> {
        let mut call = self.call(&request)?;
        let described = describe(&mut call, request.get_ref()).await?;
        let IpcMessage(schema) = SchemaAsIpc::new(&described.schema, &IpcWriteOptions::default())
            .try_into()
            .map_err(|error: arrow::error::ArrowError| Status::internal(error.to_string()))?;
        Ok(Response::new(SchemaResult { schema }))
    }

    async fn do_get(
        &self,
        request: Request<Ticket>,
    ) -> Result<Response<Self::DoGetStream>, Status> {
        let call = self.call(&request)?;
        let (shutdown, ending) = (self.shutdown.clone(), self.ending.clone());
        let messages = do_get(call, &request.get_ref().ticket, shutdown, ending).await?;
        Ok(Response::new(messages))
    }

    async fn do_put(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoPutStream>, Status> {
        let call = self.call(&request)?;
        let results = do_put(call, request.into_inner(), self.ending.clone()).await?;
        Ok(Response::new(results))
    }

    async fn do_exchange(
        &self,
        _request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        Err(Status::unimplemented(
            "DoExchange is not offered\n\
             HINT: append with DoPut and read with DoGet; SUBSCRIBE in a ticket follows changes",
        ))
    }

    async fn do_action(
        &self,
        request: Request<Action>,
    ) -> Result<Response<Self::DoActionStream>, Status> {
        Err(Status::unimplemented(format!(
            "there is no action \"{}\"\n\
             HINT: send SQL as the ticket of DoGet; end a call to cancel its statement",
            request.get_ref().r#type
        )))
    }

    async fn list_actions(
        &self,
        _request: Request<Empty>,
    ) -> Result<Response<Self::ListActionsStream>, Status> {
        Ok(Response::new(stream::empty().boxed()))
    }
}
