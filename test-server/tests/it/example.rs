//! The example of the README, word for word.

use std::io::{Read, Write};
use std::net::TcpStream;
use test_server::TestServer;

#[test]
fn close_body_cuts_the_body_after_17_bytes() -> Result<(), Box<dyn std::error::Error>> {
    let server = TestServer::builder().plan("100:close-body=17")?.start()?; // on a free port
    let mut connection = TcpStream::connect(server.addresses()[0])?;
    connection.write_all(b"GET /flags/br/br.gif HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    assert_eq!(
        answer
            .split(|&byte| byte == b'\n')
            .next_back()
            .map(<[u8]>::len),
        Some(17)
    );
    assert_eq!(server.stats().codes["br"].injected["close-body"], 1);
    Ok(())
}
