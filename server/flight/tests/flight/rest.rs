//! The other calls.

use super::fake::events_schema;
use super::{start, status_of};

use arrow::datatypes::{DataType, Schema};
use arrow_flight::{Action, BasicAuth, FlightDescriptor, Ticket};
use futures::{StreamExt, TryStreamExt, stream};
use prost::Message;
use tonic::Code;

fn path(names: &[&str]) -> FlightDescriptor {
    FlightDescriptor::new_path(names.iter().map(|name| (*name).to_owned()).collect())
}

fn check_schema(schema: &Schema) {
    assert_eq!(schema.fields().len(), 3);
    assert_eq!(
        schema.field(1).data_type(),
        &DataType::Utf8,
        "types at the edge are plain"
    );
}

#[tokio::test]
async fn flight_info_gives_a_ticket_that_gets_the_rows() {
    let server = start().await;
    let mut client = server.client().await;
    for descriptor in [
        path(&["events"]),
        path(&["public", "events"]),
        FlightDescriptor::new_cmd("events"),
    ] {
        let info = client.get_flight_info(descriptor.clone()).await.unwrap();
        check_schema(&info.clone().try_decode_schema().unwrap());
        assert_eq!(info.flight_descriptor, Some(descriptor.clone()));
        let ticket = info.endpoint[0].ticket.clone().unwrap();
        let rows: Vec<_> = client
            .do_get(ticket)
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        assert_eq!(rows.len(), 2);
        check_schema(&client.get_schema(descriptor).await.unwrap());
    }
    let info = client
        .get_flight_info(FlightDescriptor::new_cmd("insert"))
        .await
        .unwrap();
    assert_eq!(info.try_decode_schema().unwrap().field(0).name(), "tag");
    let status = status_of(client.get_schema(path(&["missing"])).await.unwrap_err());
    assert_eq!(status.code(), Code::NotFound);
}

#[tokio::test]
async fn flights_are_the_relations_that_are_still_there() {
    let server = start().await;
    let mut client = server.client().await;
    let flights: Vec<_> = client
        .list_flights("")
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(flights.len(), 1);
    assert_eq!(
        flights[0].flight_descriptor,
        Some(path(&["public", "events"]))
    );
    assert_eq!(flights[0].total_records, 12);
    let sql = &flights[0].endpoint[0].ticket.as_ref().unwrap().ticket;
    assert_eq!(sql, "SELECT * FROM \"public\".\"events\"");
    let status = status_of(client.list_flights("x").await.err().unwrap());
    assert!(status.message().contains("no criteria"));
}

#[tokio::test]
async fn a_handshake_gives_a_token_that_names_the_user() {
    let server = start().await;
    // by header, as pyarrow and ADBC do
    let mut client = server.client().await;
    client
        .add_header("authorization", "Basic YW5uYTpzZWNyZXQ=")
        .unwrap();
    let token = client.handshake("").await.unwrap();
    let token = String::from_utf8(token.to_vec()).unwrap();
    let mut client = server.client().await;
    client
        .add_header("authorization", &format!("Bearer {token}"))
        .unwrap();
    client.do_get(Ticket::new("insert")).await.unwrap();
    // by payload, as older clients do
    let basic = BasicAuth {
        username: "berta".to_owned(),
        password: String::new(),
    };
    let mut client = server.client().await;
    let token = client.handshake(basic.encode_to_vec()).await.unwrap();
    let token = String::from_utf8(token.to_vec()).unwrap();
    let mut client = server.client().await;
    client
        .add_header("authorization", &format!("Bearer {token}"))
        .unwrap();
    client.do_get(Ticket::new("insert")).await.unwrap();
    assert_eq!(*server.fake.users.lock(), ["anna", "berta"]);
}

#[tokio::test]
async fn the_handshake_s_header_carries_the_token_too() {
    use arrow_flight::HandshakeRequest;
    use arrow_flight::flight_service_client::FlightServiceClient;
    let server = start().await;
    let mut client = FlightServiceClient::new(server.channel().await);
    let mut request = tonic::Request::new(stream::empty::<HandshakeRequest>());
    request
        .metadata_mut()
        .insert("authorization", "Basic YW5uYTpzZWNyZXQ=".parse().unwrap());
    let response = client.handshake(request).await.unwrap();
    let header = response
        .metadata()
        .get("authorization")
        .unwrap()
        .to_str()
        .unwrap();
    assert!(header.starts_with("Bearer summit."), "{header}");
}

#[tokio::test]
async fn unknown_credentials_and_refused_sessions_are_errors() {
    let server = start().await;
    let mut client = server.client().await;
    client
        .add_header("authorization", "Bearer from-elsewhere")
        .unwrap();
    let status = status_of(client.do_get(Ticket::new("events")).await.unwrap_err());
    assert_eq!(status.code(), Code::Unauthenticated);
    let mut client = server.client().await;
    // nobody:
    client
        .add_header("authorization", "Basic bm9ib2R5Og==")
        .unwrap();
    let status = status_of(client.do_get(Ticket::new("events")).await.unwrap_err());
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(server.fake.users.lock().is_empty());
}

#[tokio::test]
async fn what_is_not_offered_names_the_way_out() {
    let server = start().await;
    let mut client = server.client().await;
    assert!(client.list_actions().await.unwrap().next().await.is_none());
    let action = client
        .do_action(Action::new("cancel", ""))
        .await
        .err()
        .unwrap();
    let exchange = client.do_exchange(stream::empty()).await.err().unwrap();
    let poll = client
        .poll_flight_info(path(&["events"]))
        .await
        .unwrap_err();
    for (error, text) in [
        (action, "no action \"cancel\""),
        (exchange, "DoGet"),
        (poll, "GetFlightInfo"),
    ] {
        let status = status_of(error);
        assert_eq!(status.code(), Code::Unimplemented);
        assert!(status.message().contains(text), "{status:?}");
        assert!(status.message().contains("HINT: "), "{status:?}");
    }
    assert_eq!(events_schema().field(1).data_type(), &DataType::Utf8View);
}
