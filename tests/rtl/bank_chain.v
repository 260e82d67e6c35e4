// The private memories beside the rows or above the columns, read one after another: the token, an
// address and what goes with the operand, moves on by one memory per cycle. A memory has a synchronous
// read port: its operand, and beside it the token's rest, come a cycle after the token. Its content is
// there from the start, read from <KIND><number>.hex in the working directory.
module bank_chain #(
    parameter KIND = "row",
    parameter LENGTH = 4,
    parameter WIDTH = 8,
    parameter DEPTH = 1024,
    parameter ADDRESS = 24,
    parameter REST = 1
) (
    input wire clk,
    input wire [REST+ADDRESS-1:0] token,
    output wire [LENGTH*WIDTH-1:0] operands,
    output wire [LENGTH*REST-1:0] rests
);
  wire [REST+ADDRESS-1:0] at[0:LENGTH-1];
  genvar i;
  generate
    for (i = 0; i < LENGTH; i = i + 1) begin : bank
      if (i == 0) begin : first
        assign at[0] = token;
      end else begin : next
        reg [REST+ADDRESS-1:0] held = 0;
        always @(posedge clk) held <= at[i-1];
        assign at[i] = held;
      end
      reg signed [WIDTH-1:0] cells[0:DEPTH-1];
      reg [8*32-1:0] file;
      initial begin
        $sformat(file, "%0s%0d.hex", KIND, i);
        $readmemh(file, cells);
      end
      reg signed [WIDTH-1:0] operand;
      reg [REST-1:0] rest = 0;
      always @(posedge clk) begin
        operand <= cells[at[i][0+:ADDRESS]];
        rest <= at[i][ADDRESS+:REST];
      end
      assign operands[i*WIDTH+:WIDTH] = operand;
      assign rests[i*REST+:REST] = rest;
    end
  endgenerate
endmodule
